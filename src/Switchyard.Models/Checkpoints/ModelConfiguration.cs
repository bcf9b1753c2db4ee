using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Experts;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes and reads the <c>config.json</c> of a model: the keys of Hugging Face's <c>qwen3_moe</c>, and a section <c>switchyard</c>.</summary>
internal static class ModelConfiguration
{
    private const string Plain = "qwen3_moe";
    private const string Own = "switchyard_moe";
    private const string SectionKey = "switchyard";
    private const int MostPositions = 1 << 20;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string Write(MoeTransformer model)
    {
        MoeTransformerOptions options = model.Options;
        bool plain = ModelSection.IsPlain(model);
        JsonObject config = new()
        {
            ["architectures"] = new JsonArray(plain ? "Qwen3MoeForCausalLM" : "SwitchyardMoeForCausalLM"),
            ["model_type"] = plain ? Plain : Own,
            ["attention_bias"] = false,
            ["attention_dropout"] = Real(0),
            ["decoder_sparse_step"] = options.MoeEvery,
            ["dtype"] = "float32",
            ["head_dim"] = options.HeadSize,
            ["hidden_act"] = NameOf(options.Activation),
            ["hidden_size"] = options.HiddenSize,
            ["initializer_range"] = Real(options.InitialDeviation),
            ["intermediate_size"] = options.DenseInnerSize,
            ["max_position_embeddings"] = options.SequenceLength,
            ["mlp_only_layers"] = new JsonArray(),
            ["moe_intermediate_size"] = options.InnerSize,
            ["norm_topk_prob"] = model.MoeLayers[0].Selector.Options.Normalize,
            ["num_attention_heads"] = options.Heads,
            ["num_experts"] = options.Experts,
            ["num_experts_per_tok"] = options.TopK,
            ["num_hidden_layers"] = options.Layers,
            ["num_key_value_heads"] = options.KeyValueHeads,
            ["output_router_logits"] = false,
            ["rms_norm_eps"] = Real(options.NormEpsilon),
            ["rope_scaling"] = null,
            ["rope_theta"] = Real(options.RotaryTheta),
            ["router_aux_loss_coef"] = Real(0),
            ["sliding_window"] = null,
            ["tie_word_embeddings"] = options.TiedHead,
            ["use_cache"] = true,
            ["use_sliding_window"] = false,
            ["vocab_size"] = options.VocabularySize,
        };
        if (options.SharedInnerSize > 0)
        {
            config["shared_expert_intermediate_size"] = options.SharedInnerSize;
        }

        config[SectionKey] = JsonSerializer.SerializeToNode(ModelSection.Of(model), ModelSection.Json);
        return config.ToJsonString(Indented) + "\n";
    }

    /// <summary>The options that the file describes.</summary>
    /// <exception cref="Files.CheckpointFormatException">The file is missing, is not JSON, lacks a key, or describes a model of another kind.</exception>
    public static MoeTransformerOptions Read(string path)
    {
        ConfigReader config = new(path);
        string type = config.Text("model_type");
        bool own = config.Has(SectionKey);
        if (type is not (Plain or Own) || (type is Own && !own))
        {
            throw config.Error(type is Own ? $"the section '{SectionKey}' is missing" : $"model_type is '{type}'; {Plain} and {Own} can be read");
        }

        ModelSection section = own ? config.Section<ModelSection>(SectionKey, ModelSection.Json) : new ModelSection();
        if (!string.Equals(section.Schema, ModelSection.CurrentSchema, StringComparison.Ordinal))
        {
            throw config.Error($"the section '{SectionKey}' has the schema '{section.Schema}'; this version reads '{ModelSection.CurrentSchema}'");
        }

        RefuseWhatIsNotComputed(config, section);
        try
        {
            MoeTransformerOptions options = Options(config, section);
            options.Validate();
            return options.SequenceLength <= MostPositions
                ? options
                : throw config.Error($"max_position_embeddings is {options.SequenceLength}; at most {MostPositions} positions are tabulated");
        }
        catch (ConfigurationException e)
        {
            throw config.Error(e.Message, e);
        }
    }

    private static MoeTransformerOptions Options(ConfigReader config, ModelSection section) => new()
    {
        VocabularySize = config.Int("vocab_size"),
        HiddenSize = config.Int("hidden_size"),
        Layers = config.Int("num_hidden_layers"),
        Heads = config.Int("num_attention_heads"),
        KeyValueHeads = config.Int("num_key_value_heads"),
        HeadSize = config.Int("head_dim"),
        QueryKeyNorm = section.QueryKeyNorm,
        SequenceLength = config.Int("max_position_embeddings"),
        RotaryTheta = config.Double("rope_theta"),
        NormEpsilon = config.Double("rms_norm_eps"),
        Experts = config.Int("num_experts"),
        TopK = config.Int("num_experts_per_tok"),
        InnerSize = config.Int("moe_intermediate_size"),
        DenseInnerSize = config.Int("intermediate_size"),
        MoeEvery = config.Int("decoder_sparse_step"),
        Activation = section.Activation,
        SharedInnerSize = config.Has("shared_expert_intermediate_size") ? config.Int("shared_expert_intermediate_size") : 0,
        SharedGate = section.SharedGate,
        TiedHead = config.Bool("tie_word_embeddings"),
        InitialDeviation = config.Double("initializer_range"),
        Moe = section.LayerOptions(config.Bool("norm_topk_prob")),
        Seed = section.Seed,
    };

    private static void RefuseWhatIsNotComputed(ConfigReader config, ModelSection section)
    {
        Refuse(config.Has("quantization_config"), "quantization_config: the weights are quantized, which this model does not compute with");
        Refuse(config.Has("rope_scaling"), "rope_scaling is set, which this model does not compute");
        Refuse(config.Bool("attention_bias"), "attention_bias is true, which this model does not compute");
        Refuse(config.Has("use_sliding_window") && config.Bool("use_sliding_window"), "use_sliding_window is true, which this model does not compute");
        Refuse(config.HasElements("mlp_only_layers"), "mlp_only_layers names layers; only decoder_sparse_step can be computed");
        string activation = config.Text("hidden_act");
        Refuse(!string.Equals(activation, NameOf(section.Activation), StringComparison.Ordinal), $"hidden_act is '{activation}'; expected '{NameOf(section.Activation)}'");

        void Refuse(bool condition, string reason)
        {
            if (condition)
            {
                throw config.Error(reason);
            }
        }
    }

    /// <summary>A number that readers in Python take for a float.</summary>
    private static JsonNode? Real(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return JsonNode.Parse(text.AsSpan().IndexOfAny('.', 'E') >= 0 ? text : text + ".0");
    }

    private static string NameOf(ExpertActivation activation) => activation switch
    {
        ExpertActivation.SwiGlu => "silu",
        ExpertActivation.Gelu => "gelu",
        _ => "relu",
    };
}
