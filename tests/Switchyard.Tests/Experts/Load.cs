using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

/// <summary>Assignments of the shapes that executors must agree on.</summary>
internal static class Load
{
    public static readonly string[] Kinds = ["uniform", "zipf", "collapsed", "empty-experts", "holes", "one-token", "no-row", "no-token"];

    /// <summary>Experts [T, k]: distinct within a token, −1 for an empty slot.</summary>
    public static Tensor Experts(string kind, int tokens, int topK, int experts, int seed = 7)
    {
        Random random = new(seed);
        tokens = kind switch { "one-token" => 1, "no-token" => 0, _ => tokens };
        double[] weights = [.. Enumerable.Range(0, experts).Select(e => kind switch
        {
            "zipf" => 1.0 / (1 + e),
            "collapsed" => e < topK ? 1 : 0,
            "empty-experts" => e % 2,
            _ => 1,
        })];
        long[] chosen = new long[tokens * topK];
        for (int t = 0; t < tokens; t++)
        {
            int[] order = [.. Enumerable.Range(0, experts).Where(e => weights[e] > 0).OrderByDescending(e => Math.Log(random.NextDouble()) / weights[e])];
            for (int slot = 0; slot < topK; slot++)
            {
                bool empty = kind == "no-row" || (kind == "holes" && random.Next(3) == 0) || slot >= order.Length;
                chosen[(t * topK) + slot] = empty ? -1 : order[slot];
            }
        }

        return tensor(chosen, [tokens, topK]);
    }

    /// <summary>Tokens with the weights of their slots, leaves of the graph, dispatched.</summary>
    public static DispatchedTokens Dispatch(Tensor experts, int expertCount, int hiddenSize, ScalarType dtype = ScalarType.Float32)
    {
        Tensor x = randn([experts.size(0), hiddenSize], dtype).requires_grad_(true);
        Tensor weights = where(experts.ge(0), rand(experts.shape, dtype), zeros(experts.shape, dtype)).requires_grad_(true);
        return new LocalDispatcher().Dispatch(x, new Assignment(experts, weights), expertCount);
    }

    /// <summary>Weights with biases that are not zero.</summary>
    public static ExpertWeights Weights(ExpertActivation activation, bool bias, int experts, int hiddenSize, int innerSize, ScalarType dtype = ScalarType.Float32)
    {
        ExpertWeights weights = new(
            new ExpertOptions { Experts = experts, HiddenSize = hiddenSize, InnerSize = innerSize, Activation = activation, Bias = bias }, 0.3, dtype);
        using var quiet = no_grad();
        weights.GateUpBias?.normal_(0, 0.3);
        weights.DownBias?.normal_(0, 0.3);
        return weights;
    }
}
