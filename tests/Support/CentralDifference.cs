using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.TestSupport;

/// <summary>Compares the gradient of a scalar function with central differences in double precision.</summary>
internal static class CentralDifference
{
    /// <summary>Largest |analytic − numeric| ÷ (1 + |numeric|) over up to <paramref name="samples"/> elements of each input (double, requires_grad).</summary>
    public static double WorstError(Func<Tensor> function, IReadOnlyList<Tensor> inputs, int samples = 24, double step = 1e-5, int seed = 1) =>
        AtConstantChoice(() => (function(), null), inputs, samples, step, seed).WorstError;

    /// <summary>The same of a function that is smooth as long as a choice stays as it is: elements whose steps change the choice are left out, and counted.</summary>
    /// <param name="function">The value, a scalar, and what was chosen, a tensor of any shape; null where nothing is.</param>
    /// <param name="inputs">Double, requires_grad.</param>
    /// <param name="samples">Elements of each input.</param>
    /// <param name="step">Step.</param>
    /// <param name="seed">Decides which elements.</param>
    public static Differences AtConstantChoice(Func<(Tensor Value, Tensor? Choice)> function, IReadOnlyList<Tensor> inputs, int samples = 24, double step = 1e-5, int seed = 1)
    {
        foreach (Tensor input in inputs)
        {
            input.grad?.zero_();
        }

        (Tensor value, Tensor? choice) = function();
        value.backward();
        double worst = 0;
        (int compared, int leftOut) = (0, 0);
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
                double? above = Value();
                flat[at] = old - step;
                double? below = Value();
                flat[at] = old;
                if (above is null || below is null)
                {
                    leftOut++;
                    continue;
                }

                compared++;
                double numeric = (above.Value - below.Value) / (2 * step);
                worst = Math.Max(worst, Math.Abs(analytic[at].item<double>() - numeric) / (1 + Math.Abs(numeric)));
            }
        }

        return new Differences(worst, compared, leftOut);

        double? Value()
        {
            (Tensor moved, Tensor? chosen) = function();
            return choice is null || (chosen!.shape.SequenceEqual(choice.shape) && chosen.equal(choice).all().item<bool>()) ? moved.item<double>() : null;
        }
    }

    /// <summary>What was found.</summary>
    /// <param name="WorstError">Largest |analytic − numeric| ÷ (1 + |numeric|).</param>
    /// <param name="Compared">Elements compared.</param>
    /// <param name="LeftOut">Elements left out, since a step changed the choice.</param>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Differences(double WorstError, int Compared, int LeftOut);
}
