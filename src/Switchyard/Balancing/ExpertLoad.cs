using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Counts pairs by expert.</summary>
public static class ExpertLoad
{
    /// <summary>Pairs sent to each expert, [E] int64. Empty slots and padding are not counted.</summary>
    /// <param name="experts">Experts A [T, k] int64, −1 for an empty slot.</param>
    /// <param name="expertCount">Number of experts E.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    public static Tensor Count(Tensor experts, int expertCount, Tensor? tokenMask = null)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        if (tokenMask is null && experts.device_type == TorchSharp.DeviceType.CPU && experts.is_contiguous())
        {
            long[] counts = new long[expertCount + 1];
            foreach (long expert in experts.Elements<long>())
            {
                counts[expert + 1]++;
            }

            return tensor(counts.AsSpan(1).ToArray()).MoveToOuterDisposeScope();
        }

        Tensor bins = experts + Held(1);
        if (tokenMask is not null)
        {
            bins = bins.masked_fill(tokenMask.logical_not().unsqueeze(1), Held(0));
        }

        return bins.flatten().bincount(null, expertCount + 1L).narrow(0, 1, expertCount).MoveToOuterDisposeScope();
    }

    /// <summary>Pairs sent to each expert by each of B sequences of equal length, [B, E] of the given type.</summary>
    /// <param name="experts">Experts A [B·N, k] int64, −1 for an empty slot.</param>
    /// <param name="expertCount">Number of experts E.</param>
    /// <param name="sequences">Number of sequences B.</param>
    /// <param name="tokenMask">Which tokens are real, [B·N] bool; null for all.</param>
    /// <param name="type">Type of the result.</param>
    internal static Tensor CountSequences(Tensor experts, int expertCount, long sequences, Tensor? tokenMask, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor kept = experts.ge(Held(0));
        if (tokenMask is not null)
        {
            kept = kept.logical_and(tokenMask.unsqueeze(1));
        }

        Tensor counts = zeros([sequences, expertCount], type, experts.device);
        counts.scatter_add_(1, experts.clamp_min(Held(0)).view(sequences, -1), kept.to(type).view(sequences, -1));
        return counts.MoveToOuterDisposeScope();
    }
}
