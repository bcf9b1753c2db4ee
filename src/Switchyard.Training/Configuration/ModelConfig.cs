using Switchyard.Experts;
using Switchyard.Models;

namespace Switchyard.Training.Configuration;

/// <summary>Sizes of the model, as a configuration file names them.</summary>
public sealed record ModelConfig
{
    /// <summary>Vocabulary size; 256 for bytes.</summary>
    public int VocabularySize { get; init; } = 256;

    /// <summary>Hidden size d.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>Layers.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Query heads.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Key and value heads; 0 for as many as query heads.</summary>
    public int KeyValueHeads { get; init; }

    /// <summary>Size of a head; 0 for hiddenSize ÷ heads.</summary>
    public int HeadSize { get; init; }

    /// <summary>RMS norms of queries and keys by head.</summary>
    public bool QueryKeyNorm { get; init; } = true;

    /// <summary>Tokens of a sequence.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>θ of the rotary embedding.</summary>
    public double RotaryTheta { get; init; } = 10_000;

    /// <summary>Experts E of an MoE layer.</summary>
    public int Experts { get; init; } = 16;

    /// <summary>Experts a token, k.</summary>
    public int TopK { get; init; } = 2;

    /// <summary>Inner size f of an expert.</summary>
    public int InnerSize { get; init; } = 64;

    /// <summary>Inner size of dense layers; 0 for topK · innerSize.</summary>
    public int DenseInnerSize { get; init; }

    /// <summary>Every n-th layer is MoE.</summary>
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

    /// <summary>The model's options, without its routing.</summary>
    public MoeTransformerOptions ToOptions(long seed) => new()
    {
        VocabularySize = VocabularySize,
        HiddenSize = HiddenSize,
        Layers = Layers,
        Heads = Heads,
        KeyValueHeads = KeyValueHeads == 0 ? Heads : KeyValueHeads,
        HeadSize = HeadSize == 0 ? HiddenSize / Math.Max(1, Heads) : HeadSize,
        QueryKeyNorm = QueryKeyNorm,
        SequenceLength = SequenceLength,
        RotaryTheta = RotaryTheta,
        Experts = Experts,
        TopK = TopK,
        InnerSize = InnerSize,
        DenseInnerSize = DenseInnerSize == 0 ? TopK * InnerSize : DenseInnerSize,
        MoeEvery = MoeEvery,
        Activation = Activation,
        SharedInnerSize = SharedInnerSize,
        SharedGate = SharedGate,
        TiedHead = TiedHead,
        InitialDeviation = InitialDeviation,
        Seed = seed,
    };
}
