namespace Switchyard.Models.Checkpoints;

/// <summary>What experts a dense checkpoint is given.</summary>
public sealed record UpcycleOptions
{
    /// <summary>Experts E of an MoE layer.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token, k.</summary>
    public required int TopK { get; init; }

    /// <summary>How an FFN becomes experts.</summary>
    public UpcycleMethod By { get; init; } = UpcycleMethod.Copy;

    /// <summary>Standard deviation of the Gaussian noise on the matrices of copies, ÷ that of the matrix itself; 0 for none.</summary>
    public double Noise { get; init; }

    /// <summary>Layers that become MoE; null for all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Router, balancer and selector.</summary>
    public RoutingRecipe Routing { get; init; } = new();

    /// <summary>Seed of noise and routers.</summary>
    public long Seed { get; init; } = 1;
}
