using static TorchSharp.torch;

namespace Switchyard.Balancing.Losses;

/// <summary>Means over real tokens.</summary>
internal static class TokenMean
{
    /// <summary>Number of real tokens, a scalar of the type of <paramref name="like"/> [T, …], at least 1.</summary>
    public static Tensor Count(Tensor like, Tensor? tokenMask) =>
        tokenMask is null
            ? tensor((double)Math.Max(1, like.shape[0]), like.dtype, like.device)
            : tokenMask.sum(like.dtype).clamp_min(Held(1));

    /// <summary>Mean over tokens of values [T, …].</summary>
    public static Tensor Of(Tensor values, Tensor? tokenMask)
    {
        if (tokenMask is null)
        {
            return values.mean([0]);
        }

        Tensor mask = values.dim() == 1 ? tokenMask : tokenMask.unsqueeze(-1);
        return values.masked_fill(mask.logical_not(), Held(0)).sum([0]) / Count(values, tokenMask);
    }
}
