using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>What the latent prototype router makes of T hidden states: scores, residual, and the codes that its loss looks at.</summary>
public sealed class LatentPrototypeOutput : RouterOutput
{
    /// <summary>Makes the output.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="residual">What is added to the hidden states that the experts see, [T, d], or null.</param>
    /// <param name="mean">Means μ [T, z] of the codes.</param>
    /// <param name="logVariance">log σ² [T, z] of the codes.</param>
    /// <param name="sample">Drawn codes z_t = μ + ε⊙σ [T, z], without gradient; μ in evaluation.</param>
    public LatentPrototypeOutput(Tensor scores, Tensor? residual, Tensor mean, Tensor logVariance, Tensor sample)
        : base(scores, residual)
    {
        Mean = mean;
        LogVariance = logVariance;
        Sample = sample;
    }

    /// <summary>Means μ [T, z] of the codes.</summary>
    public Tensor Mean { get; }

    /// <summary>log σ² [T, z] of the codes.</summary>
    public Tensor LogVariance { get; }

    /// <summary>Drawn codes z_t [T, z], without gradient.</summary>
    public Tensor Sample { get; }
}
