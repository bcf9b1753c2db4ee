using Switchyard.Experts;
using Switchyard.Models.Checkpoints;
using Switchyard.Selection;

namespace Switchyard.Models.Architectures;

/// <summary>The keys of a <c>config.json</c> that decoders share.</summary>
internal static class DecoderKeys
{
    /// <summary>The most layers that a file may ask for.</summary>
    public const int MostLayers = 1 << 12;

    private const double InitialDeviation = 0.02; // of no use to weights that are read

    /// <summary>Sizes, positions, norms and head; the architecture adds its attention and its MoE layers.</summary>
    public static MoeTransformerOptions Options(ConfigReader config) => Dense(config) with { TopK = config.Int("num_experts_per_tok") };

    /// <summary>The same of a decoder without MoE layers.</summary>
    public static MoeTransformerOptions Dense(ConfigReader config)
    {
        string activation = config.Text("hidden_act");
        config.Refuse(activation is not "silu" && !config.Has(ModelSection.Key), $"hidden_act is '{activation}'; the experts of this architecture are computed with silu alone");
        int heads = config.Int("num_attention_heads");
        int hidden = config.Int("hidden_size");
        int layers = config.Int("num_hidden_layers");
        config.Refuse(layers is <= 0 or > MostLayers, $"num_hidden_layers is {layers}; it must lie between 1 and {MostLayers}");
        config.Refuse(heads <= 0, $"num_attention_heads is {heads}; it must be positive");
        return new MoeTransformerOptions
        {
            VocabularySize = config.Int("vocab_size"),
            HiddenSize = hidden,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = config.Int("num_key_value_heads"),
            HeadSize = config.Int("head_dim", hidden / heads),
            QueryKeyNorm = false,
            SequenceLength = config.Int("max_position_embeddings"),
            RotaryTheta = RotaryKeys.Theta(config),
            RotaryScaling = RotaryKeys.Scaling(config),
            NormEpsilon = config.Double("rms_norm_eps"),
            TiedHead = config.Bool("tie_word_embeddings"),
            InitialDeviation = config.Double("initializer_range", InitialDeviation),
            Activation = ExpertActivation.SwiGlu,
        };
    }

    /// <summary>How often a layer is MoE: each, each second.</summary>
    public static int MoeEvery(ConfigReader config)
    {
        int every = config.Int("decoder_sparse_step");
        config.Refuse(every <= 0, $"decoder_sparse_step is {every}; it must be positive");
        return every;
    }

    /// <summary>MoE layers with a linear router.</summary>
    /// <param name="selector">Settings of the selector; sizes are filled in by the model.</param>
    /// <param name="routing">Router, selector and balancer.</param>
    public static MoeLayerOptions Moe(SelectorOptions selector, string routing = "linear") => new()
    {
        HiddenSize = 1,
        Experts = 1,
        TopK = 1,
        InnerSize = 1,
        Routing = RoutingRecipe.Parse(routing),
        Selector = selector,
    };

    /// <summary>softmax, the k largest, divided by their sum or not.</summary>
    public static MoeLayerOptions SoftmaxMoe(bool normalize) => Moe(new SelectorOptions { Experts = 1, TopK = 1, Normalize = normalize });
}
