namespace Switchyard.Training.Optimization;

/// <summary>Settings of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the mean of the gradient, β₁.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of the squared gradient, β₂.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>ε, added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay of matrices; vectors (norms, biases) have none.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Largest norm of the whole gradient; it is scaled down to it. 0 for no clipping.</summary>
    public double ClipNorm { get; init; } = 1;
}
