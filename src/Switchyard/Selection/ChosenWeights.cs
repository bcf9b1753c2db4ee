using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>The ways to weigh chosen experts. All take scores S [T, E] and experts A [T, k'] (−1 for an empty slot), give [T, k'], and are differentiable with respect to S; empty slots and scores of −∞ weigh 0 and pass no gradient.</summary>
public static class ChosenWeights
{
    /// <summary>Stands in for −∞, so that a row without any score is not NaN.</summary>
    private const double Floor = -1e30;

    /// <summary>Keeps a division by a sum of nothing from being none.</summary>
    private const double Least = 1e-20;

    /// <summary>softmax over the chosen scores: w_tj = exp(S_tA_tj) / Σ_i exp(S_tA_ti).</summary>
    public static Tensor SoftmaxOverChosen(Tensor scores, Tensor experts)
    {
        if (HostWeights.Take(scores, experts))
        {
            return HostWeights.Softmax(scores, experts, (float)Floor);
        }

        (Tensor at, Tensor empty) = Slots(experts);
        Tensor chosen = scores.gather(1, at).masked_fill(empty, Held(double.NegativeInfinity)).clamp_min(Held(Floor));
        return chosen.softmax(-1).masked_fill(chosen.detach().le(Held(Floor)), Held(0));
    }

    /// <summary>softmax over all E experts, at the chosen ones: w_tj = softmax(S_t)_A_tj.</summary>
    public static Tensor SoftmaxOverAll(Tensor scores, Tensor experts)
    {
        if (HostWeights.Take(scores, experts))
        {
            using Tensor shares = scores.softmax(-1);
            return HostWeights.Gather(shares, experts);
        }

        (Tensor at, Tensor empty) = Slots(experts);
        return scores.clamp_min(Held(Floor)).softmax(-1).gather(1, at).masked_fill(empty, Held(0));
    }

    /// <summary>sigmoid of the chosen scores, divided by (their sum + 1e-20) where <paramref name="normalize"/>, times <paramref name="scale"/>.</summary>
    public static Tensor Sigmoid(Tensor scores, Tensor experts, bool normalize, double scale)
    {
        if (HostWeights.Take(scores, experts))
        {
            return HostWeights.Sigmoid(scores, experts, normalize, (float)Least, (float)scale);
        }

        (Tensor at, Tensor empty) = Slots(experts);
        Tensor chosen = scores.gather(1, at).sigmoid().masked_fill(empty, Held(0));
        if (normalize)
        {
            chosen /= chosen.sum(-1, keepdim: true) + Held(Least);
        }

        return scale == 1 ? chosen : chosen * Held(scale);
    }

    private static (Tensor At, Tensor Empty) Slots(Tensor experts) => (experts.clamp_min(Held(0)), experts.lt(Held(0)));
}
