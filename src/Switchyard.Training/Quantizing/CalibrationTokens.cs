using static TorchSharp.torch;

namespace Switchyard.Training.Quantizing;

/// <summary>Which tokens each expert of a layer is calibrated on.</summary>
/// <param name="margins">How near each token is to each expert, [T, E]: its score less the least score among the experts chosen for it.</param>
/// <param name="chosen">Which experts are chosen for each token, [T, E] bool.</param>
/// <param name="least">Tokens that each expert gets at least, as far as there are any.</param>
internal sealed class CalibrationTokens(Tensor margins, Tensor chosen, int least)
{
    /// <summary>Tokens sent to an expert, ascending, and those nearest to being sent to it, nearest first: [n] int64 each.</summary>
    public (Tensor Routed, Tensor Added) Of(int expert)
    {
        using var scope = NewDisposeScope();
        Tensor sent = chosen.select(1, expert);
        Tensor routed = sent.nonzero().flatten();
        long missing = Math.Min(Math.Max(0, least - routed.size(0)), sent.size(0) - routed.size(0));
        Tensor near = margins.select(1, expert).masked_fill(sent, Held(float.NegativeInfinity));
        return (routed.MoveToOuterDisposeScope(), near.topk((int)missing).indexes.MoveToOuterDisposeScope());
    }
}
