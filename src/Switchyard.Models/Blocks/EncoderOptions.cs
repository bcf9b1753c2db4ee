namespace Switchyard.Models.Blocks;

/// <summary>What makes a stack an encoder as BERT is one (Devlin et al. 2018, arXiv 1810.04805): attention in both directions, learned positions, layer norms after each sum instead of RMS norms before, biases everywhere.</summary>
public sealed record EncoderOptions
{
    /// <summary>Kinds of tokens (<c>type_vocab_size</c>).</summary>
    public int TokenTypes { get; init; } = 2;

    /// <summary>Whether there is the head that predicts masked tokens.</summary>
    public bool MaskedLanguageHead { get; init; } = true;

    /// <summary>Whether there is the layer that turns the first token's state into one of the sequence.</summary>
    public bool Pooler { get; init; }
}
