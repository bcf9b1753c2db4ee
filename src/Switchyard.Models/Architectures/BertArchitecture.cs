using Switchyard.Experts;
using Switchyard.Models.Blocks;
using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>BERT (Devlin et al. 2018, arXiv 1810.04805): an encoder, with the head that predicts masked tokens (<c>BertForMaskedLM</c>) or without (<c>BertModel</c>).</summary>
internal sealed class BertArchitecture : Architecture
{
    private const int MostLayers = 1 << 16;
    private static readonly string[] Bare = ["BertModel", SwitchyardArchitecture.EncoderClassName];
    private static readonly string[] Masked = ["BertForMaskedLM", SwitchyardArchitecture.MaskedClassName];

    public override string Name => "bert";

    public override string Summary => "an encoder: attention in both directions, learned positions, dense layers";

    internal override string? UpcycledAs => Name;

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        string activation = config.Text("hidden_act");
        config.Refuse(activation is not "gelu", $"hidden_act is '{activation}'; only gelu (its exact form) is computed");
        string positions = config.Has("position_embedding_type") ? config.Text("position_embedding_type") : "absolute";
        config.Refuse(positions is not "absolute", $"position_embedding_type is '{positions}'; only absolute is computed");
        config.Refuse(config.Bool("is_decoder", otherwise: false), "is_decoder is true; only encoders are computed");
        bool headed = HasHead(config);
        int hidden = config.Int("hidden_size");
        int heads = config.Int("num_attention_heads");
        int layers = config.Int("num_hidden_layers");
        config.Refuse(heads <= 0 || hidden % heads != 0, $"num_attention_heads is {heads}, which does not divide hidden_size, {hidden}");
        config.Refuse(layers is <= 0 or > MostLayers, $"num_hidden_layers is {layers}; it must lie between 1 and {MostLayers}");
        string pooler = Prefix(config) + "pooler.dense.weight";
        MoeTransformerOptions dense = new()
        {
            VocabularySize = config.Int("vocab_size"),
            HiddenSize = hidden,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = heads,
            HeadSize = hidden / heads,
            QueryKeyNorm = false,
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            SequenceLength = config.Int("max_position_embeddings"),
            NormEpsilon = config.Double("layer_norm_eps"),
            DenseInnerSize = config.Int("intermediate_size"),
            DenseLayers = [.. Enumerable.Range(0, layers)],
            Activation = ExpertActivation.Gelu,
            TiedHead = true,
            InitialDeviation = config.Double("initializer_range", 0.02),
            Encoder = new EncoderOptions { TokenTypes = config.Int("type_vocab_size"), MaskedLanguageHead = headed, Pooler = tensors.Contains(pooler) },
        };
        return config.Has(ExpertsKey) ? WithExperts(dense, config) : dense;
    }

    internal override TensorNames Names(ConfigReader config) => new(
        ("model.embed_tokens", "model.embeddings.word_embeddings"),
        ("model.embeddings.norm", "model.embeddings.LayerNorm"),
        ("model.layers", "model.encoder.layer"),
        ("self_attn.q_proj", "attention.self.query"),
        ("self_attn.k_proj", "attention.self.key"),
        ("self_attn.v_proj", "attention.self.value"),
        ("self_attn.o_proj", "attention.output.dense"),
        ("input_layernorm", "attention.output.LayerNorm"),
        ("post_attention_layernorm", "output.LayerNorm"),
        ("mlp.up_proj", "intermediate.dense"),
        ("mlp.down_proj", "output.dense"),
        ("model.pooler", "model.pooler.dense"),
        ("lm_head.transform", "cls.predictions.transform.dense"),
        ("lm_head.norm", "cls.predictions.transform.LayerNorm"),
        ("lm_head", "cls.predictions"),
        ("model", Prefix(config).TrimEnd('.')));

    internal override string? LeftOut(string tensor, MoeTransformerOptions options) => tensor switch
    {
        _ when tensor.EndsWith("embeddings.position_ids", StringComparison.Ordinal) => "positions that are counted",
        "cls.predictions.decoder.weight" or "cls.predictions.decoder.bias" => TiedCopies,
        _ when tensor.StartsWith("cls.seq_relationship.", StringComparison.Ordinal) => "the prediction of the next sentence, which is not computed",
        _ => base.LeftOut(tensor, options),
    };

    /// <summary>Experts, with biases as the FFN has them, under the keys of <c>qwen3_moe</c>.</summary>
    private MoeTransformerOptions WithExperts(MoeTransformerOptions dense, ConfigReader config) => dense with
    {
        Experts = config.Int(ExpertsKey),
        TopK = config.Int("num_experts_per_tok"),
        InnerSize = config.Int("moe_intermediate_size"),
        DenseLayers = config.Ints("mlp_only_layers"),
        Moe = DecoderKeys.SoftmaxMoe(config.Bool("norm_topk_prob")) with { ExpertBias = true },
    };

    private static string Prefix(ConfigReader config) => HasHead(config) ? "bert." : string.Empty;

    private static bool HasHead(ConfigReader config)
    {
        IReadOnlyList<string> names = config.Texts("architectures");
        config.Refuse(names.Count != 1 || !Bare.Concat(Masked).Contains(names[0]), $"architectures is [{string.Join(", ", names)}]; {string.Join(", ", Masked.Concat(Bare))} can be read");
        return Masked.Contains(names[0]);
    }
}
