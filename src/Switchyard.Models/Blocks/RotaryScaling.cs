namespace Switchyard.Models.Blocks;

/// <summary>Settings of a scaled rotary embedding, as <c>rope_scaling</c> of a <c>config.json</c> has them.</summary>
public sealed record RotaryScaling
{
    /// <summary>How the angles change.</summary>
    public required RotaryScalingKind Kind { get; init; }

    /// <summary>By how much sequences become longer.</summary>
    public required double Factor { get; init; }

    /// <summary>n₀, the longest sequence before scaling (<c>original_max_position_embeddings</c>).</summary>
    public required int OriginalPositions { get; init; }

    /// <summary>Rotations over n₀ above which <see cref="RotaryScalingKind.Yarn"/> leaves a frequency alone.</summary>
    public double FastRotations { get; init; } = 32;

    /// <summary>Rotations over n₀ below which <see cref="RotaryScalingKind.Yarn"/> divides a frequency by the factor.</summary>
    public double SlowRotations { get; init; } = 1;

    /// <summary>Whether <see cref="RotaryScalingKind.Yarn"/> rounds the ends of its ramp outwards to whole frequencies.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary><c>low_freq_factor</c> of <see cref="RotaryScalingKind.Llama3"/>: wavelengths above n₀ ÷ it are scaled in full.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary><c>high_freq_factor</c> of <see cref="RotaryScalingKind.Llama3"/>: wavelengths below n₀ ÷ it are not scaled.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>Factor on turned queries and keys, 1 where there is none: for YaRN 0.1·ln(factor) + 1 unless the file says otherwise.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>Factor on all attention logits of multi-head latent attention, 1 where there is none: (0.1·mscale_all_dim·ln(factor) + 1)².</summary>
    public double LogitFactor { get; init; } = 1;

    /// <summary>YaRN's 0.1·<paramref name="scale"/>·ln(<paramref name="factor"/>) + 1; 1 where the factor is at most 1.</summary>
    public static double Mscale(double factor, double scale = 1) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;
}
