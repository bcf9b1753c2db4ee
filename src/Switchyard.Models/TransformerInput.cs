using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>What a transformer is given: tokens, and what is known of them.</summary>
/// <param name="Tokens">Token ids [B, N] int64.</param>
public sealed record TransformerInput(Tensor Tokens)
{
    /// <summary>Which of the tokens are real, [B, N] bool or int64; null for all. Padding is seen by no real token and takes part in no loss, load or statistic.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>Kind of each token, [B, N] int64, for encoders; null for kind 0.</summary>
    public Tensor? TokenTypes { get; init; }

    /// <summary>Keys and values of the tokens before, which these are added to; null for whole sequences.</summary>
    public KeyValueCache? Cache { get; init; }

    /// <summary>Whether the hidden states of every layer are returned.</summary>
    public bool KeepStates { get; init; }

    /// <summary>Whether logits are wanted of the last token of each sequence alone, [B, 1, V].</summary>
    public bool LastLogitsOnly { get; init; }
}
