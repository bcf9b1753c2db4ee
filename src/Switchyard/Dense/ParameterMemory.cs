using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>The memory of parameters and other tensors.</summary>
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

    /// <summary>Where the first element of a tensor on the CPU lies, however long it is; valid as long as the tensor is referred to.</summary>
    /// <param name="tensor">At least one element.</param>
    public static unsafe nint Address(this Tensor tensor)
    {
        if (tensor.is_contiguous() && tensor.numel() * tensor.element_size() <= int.MaxValue)
        {
            return Start(tensor);
        }

        // A span holds 2 GiB at most, side by side; the first element has the same address.
        using Tensor first = tensor.as_strided([1], [1], tensor.storage_offset());
        return Start(first);
    }

    private static unsafe nint Start(Tensor tensor) => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}
