using static TorchSharp.torch;

namespace Switchyard.Balancing.Losses;

/// <summary>The balancing loss of Switch Transformers (Fedus et al. 2021, section 2.2): E·Σ_e f_e·P_e, with f the load (constant) and P_e the mean of softmax(S)_e. Smallest where both are even.</summary>
public static class SwitchLoss
{
    /// <summary>E·Σ_e f_e·P_e over one batch, with f_e = pairs to e ÷ all pairs (<see cref="BalanceConvention.Megablocks"/>: 1 for an even load), or ÷ tokens (<see cref="BalanceConvention.Huggingface"/>: k for an even load).</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="experts">Experts A [T, k], −1 for an empty slot.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    /// <param name="convention">How f counts.</param>
    public static Tensor OfBatch(Tensor scores, Tensor experts, Tensor? tokenMask = null, BalanceConvention convention = BalanceConvention.Megablocks) =>
        OfLoad(scores, ExpertLoad.Count(experts, (int)scores.shape[1], tokenMask), tokenMask, convention);

    /// <summary>E·Σ_e f_e·P_e with f from a load [E] that may have been counted over more than these tokens.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="load">Pairs an expert, [E].</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    /// <param name="convention">How f counts; with <see cref="BalanceConvention.Huggingface"/> the load must be of these tokens.</param>
    public static Tensor OfLoad(Tensor scores, Tensor load, Tensor? tokenMask = null, BalanceConvention convention = BalanceConvention.Megablocks)
    {
        Tensor pairs = load.detach().to(scores.dtype);
        Tensor tokens = TokenMean.Count(scores, tokenMask);
        Tensor f = pairs / (convention == BalanceConvention.Megablocks ? pairs.sum().clamp_min(Held(1)) : tokens);
        return Held(scores.shape[1]) * (f * TokenMean.Of(scores.softmax(-1), tokenMask)).sum();
    }

    /// <summary>The mean over sequences of E·Σ_e f_e·P_e within the sequence (DeepSeek's sequence-wise loss). Sequences without a real token are left out.</summary>
    /// <param name="scores">Scores S [B·N, E].</param>
    /// <param name="experts">Experts A [B·N, k], −1 for an empty slot.</param>
    /// <param name="sequenceLength">Tokens of a sequence N; 0 for one sequence.</param>
    /// <param name="tokenMask">Which tokens are real, [B·N] bool; null for all.</param>
    /// <exception cref="ArgumentException">The tokens are not a whole number of sequences.</exception>
    public static Tensor OfSequences(Tensor scores, Tensor experts, long sequenceLength, Tensor? tokenMask = null)
    {
        long tokens = scores.shape[0];
        long length = sequenceLength == 0 ? tokens : sequenceLength;
        if (tokens == 0 || tokens % length != 0)
        {
            throw new ArgumentException($"{tokens} tokens are not whole sequences of {length}", nameof(sequenceLength));
        }

        long sequences = tokens / length;
        int expertCount = (int)scores.shape[1];
        Tensor pairs = ExpertLoad.CountSequences(experts, expertCount, sequences, tokenMask, scores.dtype);
        Tensor f = pairs / pairs.sum(1, keepdim: true).clamp_min(Held(1));
        Tensor probability = scores.softmax(-1).view(sequences, length, expertCount);
        if (tokenMask is null)
        {
            return Held(expertCount) * (f * probability.mean([1])).sum(1).mean();
        }

        Tensor real = tokenMask.view(sequences, length, 1).to(scores.dtype);
        Tensor realTokens = real.sum(1);
        Tensor mean = (probability * real).sum(1) / realTokens.clamp_min(Held(1));
        Tensor some = realTokens.gt(Held(0)).to(scores.dtype).sum().clamp_min(Held(1));
        return Held(expertCount) * (f * mean).sum() / some;
    }

    /// <summary>transformers' load_balancing_loss_func: all layers' tokens concatenated, f = pairs ÷ tokens, so that an even load costs k and imbalance of single layers may hide in the sum. For parity.</summary>
    /// <param name="scores">Scores S of each layer, [T, E].</param>
    /// <param name="k">Experts a token; chosen by softmax.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool, the same in all layers; null for all.</param>
    public static Tensor OfLayers(IReadOnlyList<Tensor> scores, int k, Tensor? tokenMask = null)
    {
        Tensor all = cat([.. scores], 0);
        Tensor? mask = tokenMask?.repeat(scores.Count);
        Tensor experts = Selection.TopK.Indices(all.detach(), k);
        return OfBatch(all, experts, mask, BalanceConvention.Huggingface);
    }
}
