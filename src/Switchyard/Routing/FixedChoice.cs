using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>Scores of experts that are given rather than learned.</summary>
internal static class FixedChoice
{
    /// <summary>Scores [T, E] of the experts that the router's buffer <c>table</c> [rows, k] holds for each of <paramref name="rows"/> [T], taken modulo its length.</summary>
    public static Tensor Scores(Router router, Tensor rows, Tensor x)
    {
        Tensor table = router.get_buffer("table")!;
        Tensor experts = table.index_select(0, rows.remainder(Held(table.shape[0]))).to(ScalarType.Int64);
        return Scores(experts, router.Options.Experts, x);
    }

    /// <summary>0 at the chosen experts [T, k], −∞ elsewhere, in the type of router arithmetic on x.</summary>
    public static Tensor Scores(Tensor experts, int count, Tensor x)
    {
        ScalarType type = x.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return full([experts.shape[0], count], Held(double.NegativeInfinity), type, x.device).scatter_(1, experts, zeros(experts.shape, type, x.device));
    }
}
