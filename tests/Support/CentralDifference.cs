using static TorchSharp.torch;

namespace Switchyard.TestSupport;

/// <summary>Compares the gradient of a scalar function with central differences in double precision.</summary>
internal static class CentralDifference
{
    /// <summary>Largest |analytic − numeric| ÷ (1 + |numeric|) over up to <paramref name="samples"/> elements of each input (double, requires_grad).</summary>
    public static double WorstError(Func<Tensor> function, IReadOnlyList<Tensor> inputs, int samples = 24, double step = 1e-5, int seed = 1)
    {
        foreach (Tensor input in inputs)
        {
            input.grad?.zero_();
        }

        function().backward();
        double worst = 0;
        Random random = new(seed);
        foreach (Tensor input in inputs)
        {
            using Tensor analytic = input.grad is { } g ? g.detach().clone().flatten() : zeros(input.numel(), ScalarType.Float64);
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            Tensor flat = input.detach().view(-1);
            for (int i = 0; i < Math.Min(samples, input.numel()); i++)
            {
                long at = input.numel() <= samples ? i : random.NextInt64(input.numel());
                double old = flat[at].item<double>();
                flat[at] = old + step;
                double above = function().item<double>();
                flat[at] = old - step;
                double below = function().item<double>();
                flat[at] = old;
                double numeric = (above - below) / (2 * step);
                worst = Math.Max(worst, Math.Abs(analytic[at].item<double>() - numeric) / (1 + Math.Abs(numeric)));
            }
        }

        return worst;
    }
}
