using static TorchSharp.torch;

namespace Switchyard.TestSupport;

/// <summary>Comparison of tensors by relative error.</summary>
internal static class Near
{
    /// <summary>max |a − b| ÷ max(|b|), 0 for equal tensors, infinite where shapes or finiteness differ.</summary>
    public static double RelativeError(Tensor actual, Tensor expected)
    {
        if (!actual.shape.SequenceEqual(expected.shape))
        {
            return double.PositiveInfinity;
        }

        if (actual.numel() == 0)
        {
            return 0;
        }

        using var scope = NewDisposeScope();
        Tensor a = actual.detach().to(ScalarType.Float64);
        Tensor b = expected.detach().to(ScalarType.Float64);
        double error = (a - b).abs().max().item<double>();
        double scale = b.abs().max().item<double>();
        return double.IsNaN(error) ? double.PositiveInfinity : error / Math.Max(scale, 1e-30);
    }

    public static void AssertClose(Tensor actual, Tensor expected, double tolerance, string what = "")
    {
        Assert.True(
            actual.shape.SequenceEqual(expected.shape),
            $"{what}: shape [{string.Join(',', actual.shape)}] instead of [{string.Join(',', expected.shape)}]");
        double error = RelativeError(actual, expected);
        Assert.True(error <= tolerance, $"{what}: relative error {error:g3} > {tolerance:g3}");
    }
}
