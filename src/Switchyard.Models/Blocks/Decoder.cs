using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Embedding, layers and final norm: what Hugging Face calls <c>model</c>.</summary>
public sealed class Decoder : nn.Module
{
    private readonly List<DecoderLayer> _layers = [];
    private readonly RotaryEmbedding _rotary;

    /// <summary>Makes the stack. Each layer draws its weights from a seed of its own, its router last: models that differ in their routers alone share every other initial weight.</summary>
    public Decoder(MoeTransformerOptions options)
        : base(nameof(Decoder))
    {
        _rotary = new RotaryEmbedding(options.HeadSize, options.SequenceLength, options.RotaryTheta);
        random.manual_seed(SeedOf(options.Seed, -1));
        Embedding = nn.Embedding(options.VocabularySize, options.HiddenSize);
        using (no_grad())
        {
            Embedding.weight!.normal_(0, options.InitialDeviation);
        }

        register_module("embed_tokens", Embedding);
        ModuleList<DecoderLayer> layers = nn.ModuleList<DecoderLayer>();
        for (int i = 0; i < options.Layers; i++)
        {
            random.manual_seed(SeedOf(options.Seed, i));
            DecoderLayer layer = new(options, i, _rotary);
            _layers.Add(layer);
            layers.Add(layer);
        }

        register_module("layers", layers);
        Norm = new RmsNorm(options.HiddenSize, options.NormEpsilon);
        register_module("norm", Norm);
    }

    /// <summary>Token embeddings [V, d].</summary>
    public Embedding Embedding { get; }

    /// <summary>The layers, in order.</summary>
    public IReadOnlyList<DecoderLayer> Layers => _layers;

    /// <summary>The last norm.</summary>
    public RmsNorm Norm { get; }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rotary.Dispose();
        }

        base.Dispose(disposing);
    }

    private static long SeedOf(long seed, int layer) => unchecked((seed * 1_000_003) + layer + 2);
}
