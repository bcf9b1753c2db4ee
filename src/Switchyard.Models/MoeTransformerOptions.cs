using Switchyard.Experts;

namespace Switchyard.Models;

/// <summary>Everything that makes a decoder-only MoE transformer.</summary>
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

    /// <summary>Longest sequence.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>θ of the rotary embedding.</summary>
    public double RotaryTheta { get; init; } = 10_000;

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

    /// <summary>Settings of the MoE layers; its sizes are filled in from here.</summary>
    public MoeLayerOptions? Moe { get; init; }

    /// <summary>Seed of the initial weights.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Whether layer i is MoE.</summary>
    public bool IsMoe(int layer) => (layer + 1) % MoeEvery == 0;

    /// <summary>The options of the MoE layer at an index.</summary>
    public MoeLayerOptions MoeLayer(int layer) =>
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
            InitialDeviation = InitialDeviation,
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
            (DenseInnerSize, "denseInnerSize"),
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

        MoeLayer(0).Validate();
    }
}
