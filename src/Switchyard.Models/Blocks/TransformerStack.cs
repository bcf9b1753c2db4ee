using Switchyard.Dense;
using Switchyard.Experts;
using Switchyard.Kernels.Storage;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Embedding, layers and final norm: what Hugging Face calls <c>model</c>.</summary>
public sealed class TransformerStack : nn.Module
{
    private readonly List<TransformerLayer> _layers = [];
    private readonly RotaryEmbedding? _rotary;
    private readonly EncoderEmbedding? _positions;

    /// <summary>Makes the stack. Each layer draws its weights from a seed of its own, its router last: models that differ in their routers alone share every other initial weight.</summary>
    /// <param name="options">The model's sizes.</param>
    /// <param name="storedExperts">Frozen experts of a layer in the form in which they are stored; null for parameters.</param>
    internal TransformerStack(MoeTransformerOptions options, Func<int, StoredExperts?> storedExperts)
        : base(nameof(TransformerStack))
    {
        _rotary = options.Encoder is null
            ? new RotaryEmbedding(options.LatentAttention?.RotarySize ?? options.HeadSize, options.LongestSequence, options.RotaryTheta, options.RotaryScaling, options.RotaryRounding)
            : null;
        random.manual_seed(SeedOf(options.Seed, -1));
        Embedding = Table(options.VocabularySize, options);

        register_module("embed_tokens", Embedding);
        if (options.Encoder is not null)
        {
            _positions = new EncoderEmbedding(options);
            register_module("embeddings", _positions);
        }

        ModuleList<TransformerLayer> layers = nn.ModuleList<TransformerLayer>();
        for (int i = 0; i < options.Layers; i++)
        {
            random.manual_seed(SeedOf(options.Seed, i));
            TransformerLayer layer = new(options, i, _rotary, storedExperts);
            _layers.Add(layer);
            layers.Add(layer);
        }

        register_module("layers", layers);
        if (options.Encoder is null)
        {
            Norm = new RmsNorm(options.HiddenSize, options.NormEpsilon);
            register_module("norm", Norm);
        }
        else if (options.Encoder.Pooler)
        {
            Pooler = new Linear(options.HiddenSize, options.HiddenSize, bias: true, options.DrawnDeviation);
            register_module("pooler", Pooler);
        }
    }

    /// <summary>Token embeddings [V, d]; [0] where they are <see cref="StoredEmbedding"/>.</summary>
    public Embedding Embedding { get; }

    /// <summary>Token embeddings in the form in which they are stored, where those of <see cref="Embedding"/> are [0]; null where they are a parameter.</summary>
    public StoredMatrix? StoredEmbedding { get; private set; }

    /// <summary>Whether the token embeddings may stay in the form in which they are stored: not in an encoder, which is small and whose head reads the parameter itself.</summary>
    internal bool CanKeepEmbedding => _positions is null;

    /// <summary>The layers, in order.</summary>
    public IReadOnlyList<TransformerLayer> Layers => _layers;

    /// <summary>The last norm; null in an encoder, whose layers end in one.</summary>
    public Norm? Norm { get; }

    /// <summary>What turns the first token's state into one of the sequence; null for none.</summary>
    public Linear? Pooler { get; }

    /// <summary>Hidden states [B, N, d] of tokens as the first layer sees them.</summary>
    /// <param name="tokens">Token ids [B, N].</param>
    /// <param name="tokenTypes">Kinds [B, N], for encoders; null for kind 0.</param>
    public Tensor Embed(Tensor tokens, Tensor? tokenTypes)
    {
        Tensor words = StoredEmbedding is null ? Embedding.forward(tokens) : TokenRows.Of(StoredEmbedding, tokens);
        return _positions is null ? words : _positions.Run(words, tokenTypes);
    }

    /// <summary>Puts a frozen table in the place of the token embeddings, which lose their memory. It stays the caller's.</summary>
    internal void KeepEmbedding(StoredMatrix stored)
    {
        StoredEmbedding = stored;
        Embedding.parameters().Single().Release();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rotary?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Rows of N(0, deviation²) by index.</summary>
    internal static Embedding Table(int rows, MoeTransformerOptions options)
    {
        if (options.IsFilledLater)
        {
            // Torch draws what it makes; of a large vocabulary that takes seconds.
            Embedding empty = nn.Embedding(1, options.HiddenSize);
            using Parameter drawn = empty.parameters().Single();
            empty.weight = new Parameter(torch.empty(rows, options.HiddenSize));
            return empty;
        }

        Embedding table = nn.Embedding(rows, options.HiddenSize);

        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        table.weight!.normal_(0, options.InitialDeviation);
        return table;
    }

    private static long SeedOf(long seed, int layer) => unchecked((seed * 1_000_003) + layer + 2);
}
