using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>norm(word + position + kind): what an encoder adds to the embedding of a word (Devlin et al. 2018, section 3).</summary>
public sealed class EncoderEmbedding : nn.Module
{
    private readonly Embedding _positions;
    private readonly Embedding _types;
    private readonly LayerNorm _norm;

    /// <summary>Makes the tables with weights drawn from N(0, <see cref="MoeTransformerOptions.InitialDeviation"/>²).</summary>
    public EncoderEmbedding(MoeTransformerOptions options)
        : base(nameof(EncoderEmbedding))
    {
        _positions = TransformerStack.Table(options.SequenceLength, options);
        _types = TransformerStack.Table(options.Encoder!.TokenTypes, options);
        _norm = new LayerNorm(options.HiddenSize, options.NormEpsilon);
        register_module("position_embeddings", _positions);
        register_module("token_type_embeddings", _types);
        register_module("norm", _norm);
    }

    /// <summary>Hidden states [B, N, d].</summary>
    /// <param name="words">Embeddings of the words [B, N, d].</param>
    /// <param name="types">Kinds [B, N] int64; null for kind 0.</param>
    public Tensor Run(Tensor words, Tensor? types)
    {
        Tensor position = _positions.weight!.narrow(0, 0, words.size(1));
        Tensor kind = types is null ? _types.weight![0] : _types.forward(types);
        return _norm.forward(words + kind + position);
    }
}
