using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>Keeps the best groups of consecutive experts of each token; a group is as good as the sum of its two best experts (DeepSeek-V3). Ties go to the lower group.</summary>
internal static class ExpertGroups
{
    private const int TokensPerTask = 256;
    private const long ParallelElements = 1 << 16;

    /// <summary>Preference [T, E] with the experts of other groups masked, on any device and type.</summary>
    public static Tensor MaskWithTorch(Tensor preference, int groups, int keptGroups, float masked)
    {
        using var scope = NewDisposeScope();
        (long tokens, long experts) = (preference.shape[0], preference.shape[1]);
        int size = (int)experts / groups;
        Tensor grouped = preference.reshape(tokens, groups, size);
        Tensor groupScores = grouped.topk(Math.Min(2, size)).values.sum(-1);
        Tensor best = TopK.Indices(groupScores, keptGroups).clamp_min(Held(0));
        Tensor kept = zeros_like(groupScores).scatter_(1, best, ones_like(groupScores)).to(ScalarType.Bool);
        return where(kept.unsqueeze(-1), grouped, full_like(grouped, Held(masked))).view(tokens, experts).MoveToOuterDisposeScope();
    }

    /// <summary>The same over fp32 memory.</summary>
    public static unsafe Tensor Mask(Tensor preference, int groups, int keptGroups, float masked)
    {
        (int tokens, int experts) = ((int)preference.shape[0], (int)preference.shape[1]);
        Tensor result = preference.clone();
        fixed (float* memory = result.Elements<float>())
        {
            nint rows = (nint)memory;
            int threads = (long)tokens * experts >= ParallelElements ? get_num_threads() : 1;
            Rows.ForEachBlock(tokens, TokensPerTask, threads, (first, count) =>
            {
                Span<float> scores = stackalloc float[groups];
                for (int t = first; t < first + count; t++)
                {
                    MaskRow(new Span<float>((float*)rows + ((long)t * experts), experts), scores, keptGroups, masked);
                }
            });
        }

        return result;
    }

    private static void MaskRow(Span<float> row, Span<float> scores, int keptGroups, float masked)
    {
        int size = row.Length / scores.Length;
        for (int g = 0; g < scores.Length; g++)
        {
            scores[g] = SumOfTwoBest(row.Slice(g * size, size));
        }

        for (int kept = 0; kept < keptGroups; kept++)
        {
            int best = -1;
            for (int g = 0; g < scores.Length; g++)
            {
                if (!float.IsNaN(scores[g]) && (best < 0 || scores[g] > scores[best]))
                {
                    best = g;
                }
            }

            if (best >= 0)
            {
                scores[best] = float.NaN;
            }
        }

        for (int g = 0; g < scores.Length; g++)
        {
            if (!float.IsNaN(scores[g]))
            {
                row.Slice(g * size, size).Fill(masked);
            }
        }
    }

    private static float SumOfTwoBest(ReadOnlySpan<float> group)
    {
        if (group.Length == 1)
        {
            return group[0];
        }

        float first = float.NegativeInfinity;
        float second = float.NegativeInfinity;
        foreach (float value in group)
        {
            second = MathF.Max(second, MathF.Min(first, value));
            first = MathF.Max(first, value);
        }

        return first + second;
    }
}
