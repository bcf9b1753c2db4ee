using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

/// <summary>Moves parameters and gradients between a module and a golden file that names them alike.</summary>
internal static class GoldenParameters
{
    public static void Load(nn.Module module, GoldenFile golden)
    {
        using var quiet = no_grad();
        foreach ((string name, Parameter parameter) in module.named_parameters())
        {
            Tensor values = golden.Tensor(name);
            Assert.Equal(values.shape, parameter.shape);
            parameter.copy_(values);
        }
    }

    public static void AssertGradients(nn.Module module, Tensor x, GoldenFile golden, double tolerance)
    {
        string[] names = [.. golden.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)).Select(n => n["grad.".Length..])];
        Assert.Equal(names.Length, module.named_parameters().Count() + 1);
        foreach (string name in names)
        {
            Tensor tensor = name == "x" ? x : module.get_parameter(name)!;

            // The gradient of a scalar is one sum over tokens and experts, in which terms cancel: its last digits depend on the order of summation.
            double allowed = tensor.numel() == 1 ? 10 * tolerance : tolerance;
            Near.AssertClose(tensor.grad!, golden.Tensor("grad." + name), allowed, "gradient of " + name);
        }
    }
}
