using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary><see cref="ChosenWeights"/> over memory, where no gradient is asked for: a few torch operations on a handful of tokens cost more than an expert.</summary>
internal static class HostWeights
{
    private const int TokensPerTask = 1024;

    /// <summary>Whether scores and experts are those that are worked on here.</summary>
    public static bool Take(Tensor scores, Tensor experts) =>
        !(scores.requires_grad && is_grad_enabled()) && scores.IsDenseFloat() && experts.device_type == TorchSharp.DeviceType.CPU && experts.dtype == ScalarType.Int64 && experts.is_contiguous() && scores.ndim == 2;

    /// <summary>softmax over the chosen scores; <paramref name="floor"/> and what lies below weighs nothing.</summary>
    public static Tensor Softmax(Tensor scores, Tensor experts, float floor) => Weigh(scores, experts, (row, chosen, weights) =>
    {
        float most = float.NegativeInfinity, sum = 0;
        for (int j = 0; j < chosen.Length; j++)
        {
            weights[j] = chosen[j] < 0 ? float.NegativeInfinity : row[(int)chosen[j]];
            most = MathF.Max(most, weights[j]);
        }

        for (int j = 0; j < chosen.Length; j++)
        {
            weights[j] = weights[j] <= floor ? 0 : MathF.Exp(weights[j] - most);
            sum += weights[j];
        }

        for (int j = 0; j < chosen.Length && sum != 0; j++)
        {
            weights[j] /= sum;
        }
    });

    /// <summary>The values at the chosen experts.</summary>
    public static Tensor Gather(Tensor values, Tensor experts) => Weigh(values, experts, (row, chosen, weights) =>
    {
        for (int j = 0; j < chosen.Length; j++)
        {
            weights[j] = chosen[j] < 0 ? 0 : row[(int)chosen[j]];
        }
    });

    /// <summary>sigmoid of the chosen scores, divided by (their sum + <paramref name="least"/>) where <paramref name="normalize"/>, times <paramref name="scale"/>.</summary>
    public static Tensor Sigmoid(Tensor scores, Tensor experts, bool normalize, float least, float scale) => Weigh(scores, experts, (row, chosen, weights) =>
    {
        float sum = 0;
        for (int j = 0; j < chosen.Length; j++)
        {
            weights[j] = chosen[j] < 0 ? 0 : 1 / (1 + MathF.Exp(-row[(int)chosen[j]]));
            sum += weights[j];
        }

        for (int j = 0; j < chosen.Length; j++)
        {
            weights[j] = (normalize ? weights[j] / (sum + least) : weights[j]) * scale;
        }
    });

    private delegate void WeighRow(ReadOnlySpan<float> row, ReadOnlySpan<long> chosen, Span<float> weights);

    private static unsafe Tensor Weigh(Tensor values, Tensor experts, WeighRow weigh)
    {
        int tokens = checked((int)values.size(0)), count = checked((int)values.size(1)), slots = checked((int)experts.size(1));
        Tensor weights = empty(tokens, slots);
        fixed (float* from = values.Elements<float>(), to = weights.Elements<float>())
        fixed (long* chosen = experts.Elements<long>())
        {
            nint source = (nint)from, names = (nint)chosen, target = (nint)to;
            Rows.ForEachBlock(tokens, TokensPerTask, (long)tokens * slots >= TokensPerTask ? get_num_threads() : 1, (first, rows) =>
            {
                for (int t = first; t < first + rows; t++)
                {
                    weigh(
                        new ReadOnlySpan<float>((float*)source + ((long)t * count), count),
                        new ReadOnlySpan<long>((long*)names + ((long)t * slots), slots),
                        new Span<float>((float*)target + ((long)t * slots), slots));
                }
            });
        }

        return weights;
    }
}
