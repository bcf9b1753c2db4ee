using Switchyard.Balancing;
using Switchyard.Dense;
using Switchyard.Experts;
using Switchyard.Experts.Caching;
using Switchyard.Kernels.Storage;
using Switchyard.Metrics;
using Switchyard.Models.Blocks;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>A transformer in which FFNs are MoE layers: a decoder (pre-norm RMSNorm, RoPE, grouped-query or latent attention, SwiGLU), or an encoder as BERT is one. Its modules carry the names of Hugging Face's <c>qwen3_moe</c>.</summary>
public sealed class MoeTransformer : nn.Module<Tensor, Tensor>
{
    private readonly TransformerStack _stack;
    private readonly Linear? _head;
    private readonly MaskedLanguageHead? _maskedHead;

    /// <summary>Makes a model with fresh weights. Models of the same sizes and seed share every initial weight outside their routers.</summary>
    /// <param name="options">Sizes and parts.</param>
    /// <exception cref="ConfigurationException">They do not fit together.</exception>
    public MoeTransformer(MoeTransformerOptions options)
        : this(options, _ => null)
    {
    }

    /// <summary>Makes a model of which some layers have experts that are stored.</summary>
    internal MoeTransformer(MoeTransformerOptions options, Func<int, StoredExperts?> storedExperts)
        : base(nameof(MoeTransformer))
    {
        options.Validate();
        Options = options;
        _stack = new TransformerStack(options, storedExperts);
        register_module("model", _stack);
        if (options.Encoder is { } encoder)
        {
            if (encoder.MaskedLanguageHead)
            {
                _maskedHead = new MaskedLanguageHead(options);
                register_module("lm_head", _maskedHead);
            }
        }
        else if (!options.TiedHead)
        {
            random.manual_seed(unchecked((options.Seed * 1_000_003) + options.Layers + 2));
            _head = new Linear(options.HiddenSize, options.VocabularySize, deviation: options.DrawnDeviation);
            register_module("lm_head", _head);
        }

        MoeLayers = [.. _stack.Layers.Where(l => l.Moe is not null).Select(l => l.Moe!)];
    }

    /// <summary>Sizes and parts.</summary>
    public MoeTransformerOptions Options { get; }

    /// <summary>Whether the model gives logits; an encoder may have hidden states alone.</summary>
    public bool HasHead => Options.Encoder?.MaskedLanguageHead ?? true;

    /// <summary>Why the model cannot continue a text token by token: its tokens see those that come later, or its selector compares them. Null where it can.</summary>
    public string? CannotContinue => Options.Encoder is not null
        ? "the model is an encoder, which cannot continue a text"
        : MoeLayers.FirstOrDefault(l => !Selectors.All.Get(l.Options.Routing.Selector).IsCausal) is { } layer
            ? $"layer {layer.Options.Layer} has the selector '{layer.Options.Routing.Selector}', which chooses among all tokens of a text, later ones too, and cannot choose for one token at a time; train with another selector, or replace the routing"
            : null;

    /// <summary>The MoE layers, in order.</summary>
    public IReadOnlyList<MoeLayer> MoeLayers { get; }

    /// <summary>Type of the products: fp32, or bf16 with weights kept in fp32 and the residual stream, norms, router and softmax of the loss in fp32.</summary>
    public ScalarType ComputeType { get; set; } = ScalarType.Float32;

    /// <summary>Where experts are while they run, if <see cref="ModelLoadOptions.ExpertCacheBytes"/> bounds their memory; else null. The model disposes it.</summary>
    public ExpertCache? ExpertCache { get; internal set; }

    /// <summary>Where the model was read from; null for one that was made.</summary>
    public ModelSource? Source { get; internal set; }

    /// <summary>Reads a model from a folder in Hugging Face's layout: one written by <see cref="Save"/>, or one of others of an architecture of <see cref="Architectures.ModelArchitectures"/>. It is set to inference. <see cref="ModelSource.LeftOut"/> says which tensors do not belong to it.</summary>
    /// <remarks>The matrices of experts and of dense layers and the table of a decoder's embedding stay in the files, which stay open until the model is disposed, unless they are to be trained. Norms, biases and routers become fp32 parameters.</remarks>
    /// <param name="folder">Holds <c>config.json</c> and <c>model.safetensors</c>, or an index and several files; or the folder of a repository in a hub cache (<c>models--org--name</c>).</param>
    /// <param name="options">How it is read; matrices stay in the files unless said otherwise.</param>
    /// <exception cref="CheckpointFormatException">A file is missing or damaged, a key is missing, the model is of a kind that is not computed, or tensors are missing, unexpected or of another shape or type.</exception>
    public static MoeTransformer Load(string folder, ModelLoadOptions? options = null) => ModelReader.Load(folder, options ?? new ModelLoadOptions());

    /// <summary>Writes the model as a folder in Hugging Face's layout, the weights in the type that they have. One that was read keeps its architecture. One that was made is a <c>qwen3_moe</c> of transformers with the linear router, the selector <c>softmax-topk</c> and no choice bias; whatever else there is has tensors of its own and the model type <c>switchyard_moe</c>.</summary>
    /// <param name="folder">Made if it is not there; its <c>config.json</c> and <c>model.safetensors</c> are replaced, other files are left.</param>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    /// <exception cref="NotSupportedException">The model was made, not read, and <c>config.json</c> has no keys for a part of it.</exception>
    public void Save(string folder) => ModelWriter.Save(this, folder);

    /// <summary>Writes a copy of the folder that the model was read from in which routers, selectors and balancers are those that the model has now (<see cref="MoeLayer.Exchange"/>); every other tensor and file is copied byte for byte. Where transformers would not compute the same, the model type becomes <c>switchyard_moe</c>.</summary>
    /// <param name="folder">The folder to write; it must not be there. It appears whole or not at all.</param>
    /// <param name="cancellation">Stops between tensors, with nothing written.</param>
    /// <exception cref="IOException">The folder is there already or cannot be written, or the disk is full.</exception>
    /// <exception cref="NotSupportedException">The model was made, not read.</exception>
    public void SaveRerouted(string folder, CancellationToken cancellation = default) => ModelWriter.SaveRerouted(this, folder, cancellation);

    /// <summary>Listens to the routing of every pass, whoever runs it, such as a <see cref="RoutingMeter"/> under a chat client; it stays the caller's. Null, as at first, costs nothing.</summary>
    public IRoutingObserver? Observer { get; set; }

    /// <summary>Logits [B, N, V] of token ids [B, N] int64.</summary>
    public override Tensor forward(Tensor input) => Run(input).Logits;

    /// <summary>Logits and balancing losses of token ids.</summary>
    /// <param name="tokens">Token ids [B, N] int64.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    /// <exception cref="ArgumentException">The sequence is longer than the model allows.</exception>
    /// <exception cref="InvalidOperationException">The model has no head: take <see cref="Encode"/>.</exception>
    public MoeTransformerOutput Run(Tensor tokens, IRoutingObserver? observer = null) => Run(new TransformerInput(tokens), observer);

    /// <summary>Logits of token ids that follow those in a cache, which they are added to.</summary>
    /// <param name="tokens">Token ids [B, N] int64 of the new tokens alone.</param>
    /// <param name="cache">What came before; <see cref="NewCache"/> makes one.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    /// <exception cref="ArgumentException">There are more tokens than the model allows, or of another number of sequences than the cache holds.</exception>
    public MoeTransformerOutput Run(Tensor tokens, KeyValueCache cache, IRoutingObserver? observer = null) =>
        Run(new TransformerInput(tokens) { Cache = cache }, observer);

    /// <summary>Logits and balancing losses of an input.</summary>
    /// <param name="input">Tokens, and what is known of them.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    /// <exception cref="ArgumentException">The input does not fit the model or the cache.</exception>
    /// <exception cref="InvalidOperationException">The model has no head: take <see cref="Encode"/>.</exception>
    public MoeTransformerOutput Run(TransformerInput input, IRoutingObserver? observer = null)
    {
        if (!HasHead)
        {
            throw new InvalidOperationException("the model is an encoder without a head and gives no logits; Encode gives its hidden states");
        }

        TransformerStates states = Encode(input, observer);
        Tensor last = input.LastLogitsOnly ? states.Last.narrow(1, states.Last.size(1) - 1, 1) : states.Last;
        return new MoeTransformerOutput(Logits(last).to(ScalarType.Float32), states.BalanceLoss, states.DroppedPairs) { States = states.All };
    }

    /// <summary>Mean loss of an input's targets, by <see cref="DenseOperations.CrossEntropy(Tensor, Tensor, Tensor, long)"/>: logits of all tokens are never there at once.</summary>
    /// <param name="input">Tokens, and what is known of them.</param>
    /// <param name="targets">The token that is right at each position, [B, N] int64; negative where none is judged.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    /// <exception cref="ArgumentException">The input does not fit the model or the cache.</exception>
    /// <exception cref="InvalidOperationException">The model has no head.</exception>
    public MoeTransformerLoss Loss(TransformerInput input, Tensor targets, IRoutingObserver? observer = null)
    {
        if (!HasHead)
        {
            throw new InvalidOperationException("the model is an encoder without a head and gives no logits");
        }

        TransformerStates states = Encode(input, observer);
        return new MoeTransformerLoss(LossOf(states.Last, targets), states.BalanceLoss, states.DroppedPairs) { LossTerms = states.LossTerms };
    }

    /// <summary>Mean loss of targets from the last hidden states, as <see cref="Loss"/> computes it; in an encoder logits are computed where a target is judged.</summary>
    /// <param name="last">Last hidden states [B, N, d], after the last norm.</param>
    /// <param name="targets">The token that is right at each position, [B, N] int64; negative where none is judged.</param>
    public Tensor LossOf(Tensor last, Tensor targets)
    {
        if (_maskedHead is not null)
        {
            Tensor judged = targets.flatten().ge(Held(0)).nonzero().flatten();
            return nn.functional.cross_entropy(LogitsOf(last.flatten(0, -2).index_select(0, judged)), targets.flatten().index_select(0, judged));
        }

        Tensor hidden = last.to(ComputeType);
        return (_head is null ? _stack.StoredEmbedding : _head.Stored) is { } stored
            ? DenseOperations.CrossEntropy(hidden, stored, targets)
            : DenseOperations.CrossEntropy(hidden, (_head?.Weight ?? _stack.Embedding.weight!).to(ComputeType), targets);
    }

    /// <summary>Logits [..., V] of last hidden states.</summary>
    /// <param name="last">Last hidden states [..., d], after the last norm.</param>
    public Tensor LogitsOf(Tensor last) => Logits(last).to(ScalarType.Float32);

    /// <summary>Hidden states of an input, without logits.</summary>
    /// <param name="input">Tokens, and what is known of them.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    /// <exception cref="ArgumentException">The input does not fit the model or the cache.</exception>
    public TransformerStates Encode(TransformerInput input, IRoutingObserver? observer = null)
    {
        LayerwisePass pass = Layerwise(input);
        Tensor hidden = pass.Embed();
        List<Tensor> all = input.KeepStates ? [hidden] : [];
        Tensor? loss = null;
        List<LossTerm> terms = [];
        long dropped = 0;
        for (int layer = 0; layer < pass.Layers; layer++)
        {
            (hidden, MoeLayerOutput? moe) = pass.Run(layer, hidden, observer);
            dropped += moe?.DroppedPairs ?? 0;
            if (input.KeepStates)
            {
                all.Add(hidden);
            }

            if (moe?.BalanceLoss is { } layerLoss)
            {
                loss = loss is null ? layerLoss : loss + layerLoss;
                terms.AddRange(moe.LossTerms);
            }
        }

        input.Cache?.End(input.Tokens.size(1));
        Tensor last = _stack.Norm?.Run(hidden, ComputeType) ?? hidden;
        if (input.KeepStates)
        {
            all[^1] = last;
        }

        return new TransformerStates(last, loss is null ? null : loss / Held(MoeLayers.Count), dropped) { All = all, LossTerms = LossTerm.Mean(terms, MoeLayers.Count) };
    }

    /// <summary>A pass over an input whose layers the caller runs one by one, as often as it likes: <see cref="Encode"/> without the last norm. A cache of the input gets its keys and values, but is not told that they are whole.</summary>
    /// <param name="input">Tokens, and what is known of them.</param>
    /// <exception cref="ArgumentException">The input does not fit the model or the cache.</exception>
    public LayerwisePass Layerwise(TransformerInput input) => new(_stack, Options, ComputeType, input, Observer);

    /// <summary>An empty cache of keys and values for this model; the caller disposes it.</summary>
    /// <param name="capacity">Tokens to make room for at once; 0 to grow as needed.</param>
    /// <exception cref="InvalidOperationException">The model cannot continue a text: see <see cref="CannotContinue"/>.</exception>
    public KeyValueCache NewCache(int capacity = 0) => CannotContinue is { } reason ? throw new InvalidOperationException(reason) : new KeyValueCache(Options, capacity);

    /// <summary>tanh(W·h₀ + b) of the first token's state: BERT's state of a sequence, [B, d].</summary>
    /// <param name="states">What <see cref="Encode"/> gave.</param>
    /// <exception cref="InvalidOperationException">The model has no pooler.</exception>
    public Tensor Pooled(TransformerStates states) => _stack.Pooler is { } pooler
        ? pooler.forward(states.Last.select(1, 0)).tanh()
        : throw new InvalidOperationException("the model has no pooler");

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

    /// <summary>Forgets what routers and balancers have seen since the last step; call it instead where the optimizer's step is skipped.</summary>
    public void DropStep()
    {
        foreach (MoeLayer layer in MoeLayers)
        {
            layer.DropStep();
        }
    }

    /// <summary>Parameters of all routers and selectors.</summary>
    public long RouterParameters => MoeLayers.Sum(l => Count(l.Router) + Count(l.Selector));

    /// <summary>All parameters.</summary>
    public long TotalParameters => Count(this) + MoeLayers.Sum(l => l.Experts.ParameterCount - Count(l.Experts)) + StoredDense.Sum(m => (long)m.Rows * m.Columns);

    /// <summary>Parameters that one token uses: all but those of the experts that it does not visit.</summary>
    public long ActiveParameters =>
        TotalParameters - MoeLayers.Sum(l => l.Experts.ParameterCount / l.Options.Experts * (l.Options.Experts - l.Options.TopK));

    /// <summary>Matrices of dense layers that stay in the form in which they are stored.</summary>
    private IEnumerable<StoredMatrix> StoredDense => modules().Distinct().SelectMany(module => module switch
    {
        Linear { Stored: { } stored } => [stored],
        TransformerStack { StoredEmbedding: { } stored } => [stored],
        DenseFeedForward { Stored: { } stored } => stored.GateUp.Concat(stored.Down),
        _ => Enumerable.Empty<StoredMatrix>(),
    });

    private IEnumerable<IUsesTokenFrequencies> RoutersByFrequency() =>
        MoeLayers.Select(l => l.Router).OfType<IUsesTokenFrequencies>().Where(r => r.WantsTokenFrequencies);

    private Tensor Logits(Tensor last) =>
        _maskedHead is not null ? _maskedHead.Run(last.to(ComputeType), _stack.Embedding.weight!)
        : _head is not null ? _head.forward(last)
        : _stack.StoredEmbedding is { } stored ? DenseOperations.Linear(last, stored)
        : DenseOperations.Linear(last, _stack.Embedding.weight!.to(ComputeType));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            ExpertCache?.Dispose();
            Source?.Dispose();
        }
    }

    private static long Count(nn.Module module) => module.parameters().Sum(p => p.numel());
}
