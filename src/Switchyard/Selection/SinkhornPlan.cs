using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>The doubly normalised matrix of Sinkhorn and Knopp: rows (tokens) sum to 1/T, columns (experts) to 1/E.</summary>
/// <param name="Transport">r_t·exp(S_te − max S)·c_e, [T, E] double.</param>
/// <param name="Sweeps">Sweeps that were made.</param>
public sealed record SinkhornPlan(Tensor Transport, int Sweeps)
{
    /// <summary>Alternates r = (1/T)/(K·c + 1e-8) and c = (1/E)/(Kᵀ·r + 1e-8) until the mean change of c is under the tolerance (Megatron's form, in double precision). Without gradient.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="tolerance">Mean |change of c| at which it stops.</param>
    /// <param name="maxSweeps">Sweeps at most.</param>
    /// <exception cref="NotFiniteNumberException">The scores, or a factor on the way, are not finite.</exception>
    public static SinkhornPlan Of(Tensor scores, double tolerance = 1e-4, int maxSweeps = 100)
    {
        const double Epsilon = 1e-8;
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor s = scores.detach().to(ScalarType.Float64);
        Tensor kernel = (s - s.max()).exp();
        Tensor rows = ones(s.shape[0], 1, ScalarType.Float64, s.device);
        Tensor columns = ones(1, s.shape[1], ScalarType.Float64, s.device);
        int sweep = 0;
        double change = double.PositiveInfinity;
        while (change > tolerance && sweep < maxSweeps)
        {
            using var step = NewDisposeScope();
            rows = (Held(1.0 / s.shape[0]) / (kernel.mm(columns.t()) + Held(Epsilon))).MoveToOuterDisposeScope();
            Tensor next = Held(1.0 / s.shape[1]) / (rows.t().mm(kernel) + Held(Epsilon));
            change = (columns - next).abs().mean().item<double>();
            columns = next.MoveToOuterDisposeScope();
            sweep++;
            if (!double.IsFinite(change))
            {
                throw new NotFiniteNumberException("Sinkhorn normalisation met a score that is not finite; the router has diverged", change);
            }
        }

        return new SinkhornPlan((rows * kernel * columns).MoveToOuterDisposeScope(), sweep);
    }
}
