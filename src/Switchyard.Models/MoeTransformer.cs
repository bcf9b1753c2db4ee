using Switchyard.Dense;
using Switchyard.Metrics;
using Switchyard.Models.Blocks;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>A decoder-only transformer (pre-norm RMSNorm, RoPE, grouped-query attention, SwiGLU) in which every n-th FFN is an MoE layer. Its modules carry the names of Hugging Face's <c>qwen3_moe</c>.</summary>
public sealed class MoeTransformer : nn.Module<Tensor, Tensor>
{
    private readonly Decoder _decoder;
    private readonly Linear? _head;

    /// <summary>Makes a model with fresh weights. Models of the same sizes and seed share every initial weight outside their routers.</summary>
    /// <param name="options">Sizes and parts.</param>
    /// <exception cref="ConfigurationException">They do not fit together.</exception>
    public MoeTransformer(MoeTransformerOptions options)
        : base(nameof(MoeTransformer))
    {
        options.Validate();
        Options = options;
        _decoder = new Decoder(options);
        register_module("model", _decoder);
        if (!options.TiedHead)
        {
            random.manual_seed(unchecked((options.Seed * 1_000_003) + options.Layers + 2));
            _head = new Linear(options.HiddenSize, options.VocabularySize, deviation: options.InitialDeviation);
            register_module("lm_head", _head);
        }

        MoeLayers = [.. _decoder.Layers.Where(l => l.Moe is not null).Select(l => l.Moe!)];
    }

    /// <summary>Sizes and parts.</summary>
    public MoeTransformerOptions Options { get; }

    /// <summary>The MoE layers, in order.</summary>
    public IReadOnlyList<MoeLayer> MoeLayers { get; }

    /// <summary>Type of the products: fp32, or bf16 with weights kept in fp32 and the residual stream, norms, router and softmax of the loss in fp32.</summary>
    public ScalarType ComputeType { get; set; } = ScalarType.Float32;

    /// <summary>Reads a model from a folder in Hugging Face's layout: one written by <see cref="Save"/>, or a <c>qwen3_moe</c> of others. It is set to inference.</summary>
    /// <param name="folder">Holds <c>config.json</c> and <c>model.safetensors</c>.</param>
    /// <exception cref="CheckpointFormatException">A file is missing or damaged, a key is missing, the model is of another kind, or tensors are missing, unexpected or of another shape.</exception>
    public static MoeTransformer Load(string folder) => ModelFolder.Load(folder);

    /// <summary>Writes the model as a folder in Hugging Face's layout, the weights in the type that they have. With the linear router, the selector <c>softmax-topk</c> and no choice bias it is a <c>qwen3_moe</c> of transformers; whatever else there is has tensors of its own and the model type <c>switchyard_moe</c>.</summary>
    /// <param name="folder">Made if it is not there; its <c>config.json</c> and <c>model.safetensors</c> are replaced, other files are left.</param>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    public void Save(string folder) => ModelFolder.Save(this, folder);

    /// <summary>Logits [B, N, V] of token ids [B, N] int64.</summary>
    public override Tensor forward(Tensor input) => Run(input).Logits;

    /// <summary>Logits and balancing losses of token ids.</summary>
    /// <param name="tokens">Token ids [B, N] int64.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    /// <exception cref="ArgumentException">The sequence is longer than the model allows.</exception>
    public MoeTransformerOutput Run(Tensor tokens, IRoutingObserver? observer = null)
    {
        if (tokens.size(1) > Options.SequenceLength)
        {
            throw new ArgumentException($"sequences of {tokens.size(1)} tokens; the model was made for {Options.SequenceLength}", nameof(tokens));
        }

        RoutingContext context = new() { TokenIds = tokens.flatten(), SequenceLength = tokens.size(1) };
        Tensor hidden = _decoder.Embedding.forward(tokens);
        Tensor? loss = null;
        long dropped = 0;
        foreach (DecoderLayer layer in _decoder.Layers)
        {
            (hidden, MoeLayerOutput? moe) = layer.Run(hidden, ComputeType, context, observer);
            dropped += moe?.DroppedPairs ?? 0;
            if (moe?.BalanceLoss is { } layerLoss)
            {
                loss = loss is null ? layerLoss : loss + layerLoss;
            }
        }

        Tensor last = _decoder.Norm.Run(hidden, ComputeType);
        Tensor logits = _head is null
            ? DenseOperations.Linear(last, _decoder.Embedding.weight!.to(ComputeType))
            : _head.forward(last);
        return new MoeTransformerOutput(logits.to(ScalarType.Float32), loss is null ? null : loss / MoeLayers.Count, dropped);
    }

    /// <summary>Whether a router wants to know how often each token occurs.</summary>
    public bool WantsTokenFrequencies => RoutersByFrequency().Any();

    /// <summary>Tells the routers that want it how often each token occurs in the training text; call it before the first step. Their state dict keeps what they make of it.</summary>
    /// <param name="frequencies">Occurrences of each token id, [V].</param>
    public void SetTokenFrequencies(ReadOnlySpan<long> frequencies)
    {
        foreach (IUsesTokenFrequencies router in RoutersByFrequency())
        {
            router.SetFrequencies(frequencies);
        }
    }

    /// <summary>Updates the state of routers and balancers; call it once after each optimizer step.</summary>
    public void AfterStep()
    {
        foreach (MoeLayer layer in MoeLayers)
        {
            layer.AfterStep();
        }
    }

    /// <summary>Parameters of all routers and selectors.</summary>
    public long RouterParameters => MoeLayers.Sum(l => Count(l.Router) + Count(l.Selector));

    /// <summary>All parameters.</summary>
    public long TotalParameters => Count(this);

    /// <summary>Parameters that one token uses: all but those of the experts that it does not visit.</summary>
    public long ActiveParameters =>
        TotalParameters - MoeLayers.Sum(l => Count(l.Experts) / l.Options.Experts * (l.Options.Experts - l.Options.TopK));

    private IEnumerable<IUsesTokenFrequencies> RoutersByFrequency() =>
        MoeLayers.Select(l => l.Router).OfType<IUsesTokenFrequencies>().Where(r => r.WantsTokenFrequencies);

    private static long Count(nn.Module module) => module.parameters().Sum(p => p.numel());
}
