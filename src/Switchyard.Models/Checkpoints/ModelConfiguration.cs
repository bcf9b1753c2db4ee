using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Experts;
using Switchyard.Models.Architectures;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes and reads the <c>config.json</c> of a model: the keys of Hugging Face's <c>qwen3_moe</c>, and a section <c>switchyard</c>; those of <c>qwen3</c> where no layer has experts.</summary>
internal static class ModelConfiguration
{
    private const string Plain = "qwen3_moe";
    private const string Dense = "qwen3";
    private const int MostPositions = 1 << 24;
    public static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly string[] KeysOfExperts = ["decoder_sparse_step", "mlp_only_layers", "moe_intermediate_size", "norm_topk_prob", "num_experts", "num_experts_per_tok", "output_router_logits", "router_aux_loss_coef"];

    public static string Write(MoeTransformer model)
    {
        MoeTransformerOptions options = model.Options;
        if (model.Source is { } source)
        {
            return Again(model, source);
        }

        bool dense = model.MoeLayers.Count == 0;
        RefuseWhatHasNoKey(options, dense);
        bool plain = dense || ModelSection.IsPlain(model);
        JsonObject config = new()
        {
            ["architectures"] = new JsonArray(dense ? "Qwen3ForCausalLM" : plain ? "Qwen3MoeForCausalLM" : SwitchyardArchitecture.ClassName),
            ["model_type"] = dense ? Dense : plain ? Plain : SwitchyardArchitecture.ModelType,
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
            ["mlp_only_layers"] = new JsonArray([.. options.DenseLayers.Select(l => JsonValue.Create(l))]),
            ["moe_intermediate_size"] = options.InnerSize,
            ["norm_topk_prob"] = dense || model.MoeLayers[0].Selector.Options.Normalize,
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
        if (dense)
        {
            Array.ForEach(KeysOfExperts, key => config.Remove(key));
        }
        else if (options.SharedInnerSize > 0)
        {
            config["shared_expert_intermediate_size"] = options.SharedInnerSize;
        }

        config[ModelSection.Key] = JsonSerializer.SerializeToNode(dense ? new ModelSection { Seed = options.Seed } : ModelSection.Of(model), ModelSection.Json);
        return config.ToJsonString(Indented) + "\n";
    }

    /// <summary>The options that the file describes.</summary>
    /// <param name="config">The file.</param>
    /// <param name="architecture">Its architecture.</param>
    /// <param name="tensors">Names of the tensors of the checkpoint.</param>
    /// <exception cref="Files.CheckpointFormatException">A key is missing, or the model is of a kind that is not computed.</exception>
    public static MoeTransformerOptions Read(ConfigReader config, Architecture architecture, IReadOnlySet<string> tensors)
    {
        int layers = config.Int("num_hidden_layers");
        config.Refuse(layers is <= 0 or > DecoderKeys.MostLayers, $"num_hidden_layers is {layers}; it must lie between 1 and {DecoderKeys.MostLayers}");
        int positions = config.Int("max_position_embeddings");
        config.Refuse(positions > MostPositions, $"max_position_embeddings is {positions}; at most {MostPositions} positions are computed");
        try
        {
            MoeTransformerOptions options = architecture.Options(config, tensors);
            new SizeKeys(config, architecture).Check(options);
            if (config.Has(ModelSection.Key))
            {
                ModelSection section = config.Section<ModelSection>(ModelSection.Key, ModelSection.Json);
                config.Refuse(
                    !string.Equals(section.Schema, ModelSection.CurrentSchema, StringComparison.Ordinal),
                    $"the section '{ModelSection.Key}' has the schema '{section.Schema}'; this version reads '{ModelSection.CurrentSchema}'");
                if (section.Activation is { } activation)
                {
                    string said = config.Text("hidden_act");
                    config.Refuse(said != NameOf(activation), $"hidden_act is '{said}'; expected '{NameOf(activation)}', as the section '{ModelSection.Key}' says");
                }

                options = section.ApplyTo(options);
                if (section.Pruned?.Disagreement(options) is { } reason)
                {
                    throw config.Error(reason);
                }
            }

            int window = config.Has("sliding_window") ? config.Int("sliding_window") : 0;
            config.Refuse(window < 0, $"sliding_window is {window}; it must not be negative");
            config.Refuse(!(options.NormEpsilon > 0), $"{(config.Has("rms_norm_eps") ? "rms_norm_eps" : "layer_norm_eps")} is {options.NormEpsilon}; it must be positive");
            options.Validate();
            return options;
        }
        catch (ConfigurationException e)
        {
            throw config.Error(e.Message, e);
        }
    }

    private static void RefuseWhatHasNoKey(MoeTransformerOptions options, bool dense)
    {
        string? part = options switch
        {
            { Encoder: not null } => "an encoder",
            { LatentAttention: not null } => "latent attention",
            { RotaryScaling: not null } => "a scaled rotary embedding",
            { SlidingWindow: > 0 } => "a sliding window",
            { QueryKeyNormAcrossHeads: true } or { ClipQueryKeyValue: not null } or { QueryKeyValueBias: true } or { AttentionOutputBias: true } => "biases, clipping or norms across heads in its attention",
            { Activation: not ExpertActivation.SwiGlu } or { QueryKeyNorm: false } when dense => "no experts, and other than SwiGLU layers with norms of queries and keys",
            _ => null,
        };
        if (part is not null)
        {
            throw new NotSupportedException($"a model that was not read from a checkpoint and has {part} cannot be saved: config.json has no keys for it");
        }
    }

    /// <summary>The file that a model was read from, with the routing that it has now, whatever transformers would make of it.</summary>
    public static JsonObject Rerouted(MoeTransformer model, ModelSource source)
    {
        JsonObject config = (JsonObject)source.Config.DeepClone();
        IReadOnlyList<RoutingGroup> groups = RoutingGroup.Of(model);
        ModelSection section = (config[ModelSection.Key]?.Deserialize<ModelSection>(ModelSection.Json) ?? new ModelSection()) with { Rerouted = groups.Count > 0 ? groups : null };
        bool plain = groups.Count == 0 && section.Architecture is null;
        if (plain && section is { Routing: null, Pruned: null })
        {
            config.Remove(ModelSection.Key);
            return config;
        }

        if (!plain && (string)config["model_type"]! is not SwitchyardArchitecture.ModelType and { } type)
        {
            section = section with { Architecture = type };
            config["model_type"] = SwitchyardArchitecture.ModelType;
            config["architectures"] = new JsonArray(SwitchyardArchitecture.ClassName);
        }

        config[ModelSection.Key] = JsonSerializer.SerializeToNode(section, ModelSection.Json);
        return config;
    }

    /// <summary>The file that a model was read from, with the routing and the type of weights that it has now.</summary>
    private static string Again(MoeTransformer model, ModelSource source)
    {
        JsonObject config = Rerouted(model, source);
        string key = config.ContainsKey("torch_dtype") ? "torch_dtype" : "dtype";
        config[key] = model.parameters().First().dtype switch
        {
            TorchSharp.torch.ScalarType.BFloat16 => "bfloat16",
            TorchSharp.torch.ScalarType.Float16 => "float16",
            _ => "float32",
        };
        return config.ToJsonString(Indented) + "\n";
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
