namespace Switchyard.Models.Blocks;

/// <summary>How rotary angles are changed so that a model serves longer sequences than it was trained on.</summary>
public enum RotaryScalingKind
{
    /// <summary>All frequencies ÷ factor (position interpolation; Chen et al. 2023, arXiv 2306.15595).</summary>
    Linear,

    /// <summary>θ grows with the length of a sequence that is longer than the original (NTK-aware): θ·(factor·n/n₀ − factor + 1)^(D/(D−2)).</summary>
    Dynamic,

    /// <summary>Slow frequencies ÷ factor, fast ones unchanged, a ramp between, and longer queries and keys (Peng et al. 2023, arXiv 2309.00071).</summary>
    Yarn,

    /// <summary>As Llama 3.1: frequencies ÷ factor beyond a wavelength, unchanged below another, a ramp between.</summary>
    Llama3,
}
