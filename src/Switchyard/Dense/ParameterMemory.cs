using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>The memory of parameters.</summary>
public static class ParameterMemory
{
    /// <summary>Takes the memory of a parameter away and freezes it; its shape becomes [0]. Something else takes its place, such as a matrix in the form in which it is stored.</summary>
    public static void Release(this Parameter parameter)
    {
        using var quiet = no_grad();
        using Tensor nothing = empty(0, parameter.dtype);
        parameter.requires_grad_(false);
        parameter.set_(nothing);
    }
}
