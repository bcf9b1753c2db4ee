using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Capacity;

/// <summary>The frame of policies with a capacity: copies the choice to memory, lets the policy change it, and puts it back with weights that stay differentiable.</summary>
public abstract class OverflowPolicy : CapacityPolicy
{
    private protected OverflowPolicy(CapacityOptions options)
    {
        options.Validate();
        Options = options;
    }

    /// <summary>The settings the policy was made with.</summary>
    public CapacityOptions Options { get; }

    /// <inheritdoc/>
    public override Assignment Apply(Assignment assignment, Tensor preparedScores, Selector selector, Tensor? tokenMask = null)
    {
        long tokens = assignment.Experts.shape[0];
        int slots = (int)assignment.Experts.shape[1];
        int experts = (int)preparedScores.shape[1];
        using Tensor source = assignment.Experts.cpu().contiguous();
        long[] pairs = source.Elements<long>().ToArray();
        long real = tokenMask is null ? tokens : WithoutPadding(pairs, slots, tokenMask);
        long capacity = Options.Capacity(real, selector.Options.TopK, experts);
        if (real == tokens && !Overflows(pairs, experts, capacity))
        {
            return assignment;
        }

        PairTable table = new(pairs, slots, experts, capacity);
        bool moved = Resolve(table, assignment, preparedScores, selector);
        Tensor kept = tensor(pairs, [tokens, slots], device: assignment.Experts.device);
        Tensor weights = moved ? selector.Weigh(preparedScores, kept) : assignment.Weights.masked_fill(kept.lt(Held(0)), Held(0));
        if (Options.RenormalizeAfterDrop)
        {
            weights = Rescaled(weights, assignment.Weights);
        }

        return assignment with { Experts = kept, Weights = weights, DroppedPairs = assignment.DroppedPairs + table.Dropped };
    }

    /// <summary>Changes the pairs of the table so that no expert has more than its capacity. True where a pair was given another expert, so that the weights must be made anew.</summary>
    private protected abstract bool Resolve(PairTable table, Assignment assignment, Tensor preparedScores, Selector selector);

    /// <summary>Takes the pairs of padding away; the tokens that are left.</summary>
    private static long WithoutPadding(Span<long> pairs, int slots, Tensor tokenMask)
    {
        using Tensor memory = tokenMask.cpu().contiguous();
        ReadOnlySpan<bool> mask = memory.Elements<bool>();
        long real = 0;
        for (int token = 0; token < mask.Length; token++)
        {
            if (mask[token])
            {
                real++;
            }
            else
            {
                pairs.Slice(token * slots, slots).Fill(-1);
            }
        }

        return real;
    }

    private static bool Overflows(ReadOnlySpan<long> pairs, int experts, long capacity)
    {
        int[] counts = new int[experts + 1];
        foreach (long expert in pairs)
        {
            counts[expert + 1]++;
        }

        return counts.AsSpan(1).ContainsAnyInRange((int)Math.Min(int.MaxValue, capacity + 1), int.MaxValue);
    }

    private static Tensor Rescaled(Tensor weights, Tensor before)
    {
        Tensor left = weights.sum(-1, keepdim: true);
        Tensor nothing = left.detach().le(Held(0));
        return weights * (before.sum(-1, keepdim: true) / left.masked_fill(nothing, Held(1))).masked_fill(nothing, Held(0));
    }
}
