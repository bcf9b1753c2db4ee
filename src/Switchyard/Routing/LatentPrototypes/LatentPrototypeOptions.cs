namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Settings of the latent prototype router (LPR). The defaults are those of the runs in arXiv 2506.21328, with the exponential moving average off.</summary>
public sealed record LatentPrototypeOptions
{
    /// <summary>Size z of the latent code.</summary>
    public int LatentSize
    {
        get;
        init => field = value > 0 ? value : throw new ConfigurationException($"{nameof(LatentSize)} = {value}: at least 1 is needed");
    } = 16;

    /// <summary>How a code is compared with a prototype that is a point. Not used where prototypes are distributions.</summary>
    public PrototypeSimilarity Similarity { get; init; } = PrototypeSimilarity.Cosine;

    /// <summary>Prototypes that are distributions, and how they are compared; <see cref="PrototypeDistribution.None"/> for points.</summary>
    public PrototypeDistribution Distribution { get; init; } = PrototypeDistribution.None;

    /// <summary>How the diversity of codes and prototypes is measured.</summary>
    public PrototypeDiversity Diversity { get; init; } = PrototypeDiversity.Orthogonal;

    /// <summary>Whether the initial prototypes lie on the unit sphere rather than being N(0, 1).</summary>
    public bool UnitBall { get; init; }

    /// <summary>Whether the mean prototype of a token, projected to d, is added to the hidden state that the experts see.</summary>
    public bool Residual { get; init; } = true;

    /// <summary>Factor of the whole loss (<c>routerLossCoefficient</c>).</summary>
    public double Coefficient { get; init => field = NotNegative(value, nameof(Coefficient)); } = 0.01;

    /// <summary>Weight w_div of the diversities D(μ) + D(P).</summary>
    public double DiversityWeight { get; init => field = NotNegative(value, nameof(DiversityWeight)); } = 1;

    /// <summary>Weight w_kl of the divergence of the codes from N(0, 1).</summary>
    public double KlWeight { get; init => field = NotNegative(value, nameof(KlWeight)); } = 0.01;

    /// <summary>Weight w_align of the distance between prototypes and the codes routed to them.</summary>
    public double AlignWeight { get; init => field = NotNegative(value, nameof(AlignWeight)); } = 0.05;

    /// <summary>Whether prototypes follow an exponential moving average of the codes routed to them instead of a gradient.</summary>
    public bool Ema { get; init; }

    /// <summary>Decay of the moving averages, 0 ≤ decay &lt; 1.</summary>
    public double EmaDecay
    {
        get;
        init => field = value is >= 0 and < 1 ? value : throw new ConfigurationException($"{nameof(EmaDecay)} = {value}: it lies in [0, 1)");
    } = 0.8;

    private static double NotNegative(double value, string name) =>
        value >= 0 ? value : throw new ConfigurationException($"{name} = {value}: it is not negative");
}
