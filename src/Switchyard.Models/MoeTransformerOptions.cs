using Switchyard.Experts;
using Switchyard.Models.Blocks;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>Everything that makes an MoE transformer.</summary>
public sealed record MoeTransformerOptions
{
    /// <summary>Vocabulary size V; 256 for bytes.</summary>
    public int VocabularySize { get; init; } = 256;

    /// <summary>Hidden size d.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>Layers L.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Query heads.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Key and value heads; divides the query heads.</summary>
    public int KeyValueHeads { get; init; } = 4;

    /// <summary>Size of a head.</summary>
    public int HeadSize { get; init; } = 32;

    /// <summary>RMS norms of queries and keys by head, as Qwen3 has them.</summary>
    public bool QueryKeyNorm { get; init; } = true;

    /// <summary>Whether those norms go over all heads at once, as OLMoE's do.</summary>
    public bool QueryKeyNormAcrossHeads { get; init; }

    /// <summary>Whether queries, keys and values have biases; with latent attention, what the latents are made by.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether the output of attention has a bias.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Queries, keys and values are clipped to ± this; null for not at all.</summary>
    public double? ClipQueryKeyValue { get; init; }

    /// <summary>Tokens, itself included, that a token sees; 0 for all.</summary>
    public int SlidingWindow { get; init; }

    /// <summary>Layers that have the sliding window; null for all.</summary>
    public IReadOnlyList<int>? WindowLayers { get; init; }

    /// <summary>Sizes of multi-head latent attention; null for grouped-query attention.</summary>
    public LatentAttentionOptions? LatentAttention { get; init; }

    /// <summary>What an encoder has instead of a causal decoder; null for a decoder.</summary>
    public EncoderOptions? Encoder { get; init; }

    /// <summary>Longest sequence; dynamic scaling goes beyond it.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>θ of the rotary embedding.</summary>
    public double RotaryTheta { get; init; } = 10_000;

    /// <summary>How the rotary angles are scaled; null for not at all.</summary>
    public RotaryScaling? RotaryScaling { get; init; }

    /// <summary>Type that the frequencies of the rotary embedding are rounded to; Float64 for none. Only to agree with software that cast a whole model, frequencies among its weights: <see cref="ModelLoadOptions.RotaryRounding"/>.</summary>
    public ScalarType RotaryRounding { get; init; } = ScalarType.Float64;

    /// <summary>ε of the norms.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Experts E of an MoE layer.</summary>
    public int Experts { get; init; } = 16;

    /// <summary>Experts a token, k.</summary>
    public int TopK { get; init; } = 2;

    /// <summary>Inner size f of an expert.</summary>
    public int InnerSize { get; init; } = 64;

    /// <summary>Inner size of dense layers, where not every layer is MoE.</summary>
    public int DenseInnerSize { get; init; } = 512;

    /// <summary>Every n-th layer is MoE: layer i where (i + 1) mod n = 0; 1 makes all layers MoE.</summary>
    public int MoeEvery { get; init; } = 1;

    /// <summary>Layers that are dense although <see cref="MoeEvery"/> would make them MoE.</summary>
    public IReadOnlyList<int> DenseLayers { get; init; } = [];

    /// <summary>The experts' non-linearity.</summary>
    public ExpertActivation Activation { get; init; } = ExpertActivation.SwiGlu;

    /// <summary>Inner size of a shared expert; 0 for none.</summary>
    public int SharedInnerSize { get; init; }

    /// <summary>Whether the shared expert is gated.</summary>
    public bool SharedGate { get; init; }

    /// <summary>Whether embedding and output head share their weights.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>Standard deviation of initial weights.</summary>
    public double InitialDeviation { get; init; } = 0.02;

    /// <summary>Whether weights are read right after the model is made, so that none need be drawn.</summary>
    internal bool IsFilledLater { get; init; }

    /// <summary>The deviation that weights are drawn with; 0 for zeros.</summary>
    internal double DrawnDeviation => IsFilledLater ? 0 : InitialDeviation;

    /// <summary>Settings of the MoE layers; its sizes are filled in from here.</summary>
    public MoeLayerOptions? Moe { get; init; }

    /// <summary>Layers that route otherwise than <see cref="Moe"/> says, by index; null for none.</summary>
    public IReadOnlyDictionary<int, LayerRoutingOptions>? Rerouted { get; init; }

    /// <summary>Seed of the initial weights.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Whether layer i is MoE.</summary>
    public bool IsMoe(int layer) => (layer + 1) % MoeEvery == 0 && !DenseLayers.Contains(layer);

    /// <summary>Whether layer i has the sliding window.</summary>
    public bool HasWindow(int layer) => SlidingWindow > 0 && (WindowLayers?.Contains(layer) ?? true);

    /// <summary>The longest sequence that can be computed.</summary>
    public int LongestSequence => RotaryScaling is { Kind: RotaryScalingKind.Dynamic } scaling ? (int)Math.Min(int.MaxValue, scaling.Factor * SequenceLength) : SequenceLength;

    /// <summary>The options of the MoE layer at an index.</summary>
    public MoeLayerOptions MoeLayer(int layer) =>
        Rerouted is not null && Rerouted.TryGetValue(layer, out LayerRoutingOptions? routing) ? routing.In(UsualMoeLayer(layer)) : UsualMoeLayer(layer);

    /// <summary>The same without <see cref="Rerouted"/>.</summary>
    internal MoeLayerOptions UsualMoeLayer(int layer) =>
        (Moe ?? new MoeLayerOptions { HiddenSize = 1, Experts = 1, TopK = 1, InnerSize = 1 }) with
        {
            HiddenSize = HiddenSize,
            Experts = Experts,
            TopK = TopK,
            InnerSize = InnerSize,
            Activation = Activation,
            SharedInnerSize = SharedInnerSize,
            SharedGate = SharedGate,
            Layer = layer,
            VocabularySize = VocabularySize,
            InitialDeviation = DrawnDeviation,
            Seed = Seed,
        };

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ConfigurationException">A size is not positive or sizes do not fit together.</exception>
    public void Validate()
    {
        (int Value, string Name)[] positive =
        [
            (VocabularySize, "vocabularySize"), (HiddenSize, "hiddenSize"), (Layers, "layers"), (Heads, "heads"),
            (KeyValueHeads, "keyValueHeads"), (HeadSize, "headSize"), (SequenceLength, "sequenceLength"), (MoeEvery, "moeEvery"),
            (DenseInnerSize, "denseInnerSize"), (LatentAttention?.KeyValueRank ?? 1, "keyValueRank"), (LatentAttention?.PlainSize ?? 1, "plainSize"),
            (LatentAttention?.RotarySize ?? 1, "rotarySize"), (LatentAttention?.ValueSize ?? 1, "valueSize"), (Encoder?.TokenTypes ?? 1, "tokenTypes"),
        ];
        foreach ((int value, string name) in positive)
        {
            if (value <= 0)
            {
                throw new ConfigurationException($"{name} is {value}; it must be positive");
            }
        }

        if (Heads % KeyValueHeads != 0)
        {
            throw new ConfigurationException($"keyValueHeads is {KeyValueHeads}, which does not divide heads, {Heads}");
        }

        if (MoeEvery > Layers)
        {
            throw new ConfigurationException($"moeEvery is {MoeEvery}, but there are only {Layers} layers: no layer would be MoE");
        }

        if (ClipQueryKeyValue is { } clip && !(clip > 0 && double.IsFinite(clip)))
        {
            throw new ConfigurationException($"clipQueryKeyValue is {clip}; it must be positive");
        }

        foreach (int layer in DenseLayers.Concat(WindowLayers ?? []).Where(l => l < 0 || l >= Layers))
        {
            throw new ConfigurationException($"a list of layers (denseLayers, windowLayers) names layer {layer}; there are {Layers}, from 0");
        }

        if (Rerouted?.Keys.Where(l => l < 0 || l >= Layers || !IsMoe(l)).Order().ToArray() is [int first, ..])
        {
            throw new ConfigurationException($"layer {first} is rerouted, but the model has no MoE layer {first}");
        }

        if (Enumerable.Range(0, Layers).Any(IsMoe))
        {
            MoeLayer(0).Validate();
        }
    }
}
