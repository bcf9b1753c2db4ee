using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models.Architectures;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes the <c>config.json</c> of a dense model that was given experts: the original's with the keys of <c>qwen3_moe</c> for them, and a section <c>switchyard</c> where transformers cannot compute it.</summary>
internal static class UpcycledConfiguration
{
    private const string Plain = "qwen3_moe";

    /// <summary>The text of the file.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="routing">The routing of the new one, with its options.</param>
    public static string Write(MoeTransformer model, UpcycledRouting routing)
    {
        ModelSource source = model.Source!;
        MoeTransformerOptions target = routing.Target;
        string type = source.Architecture.UpcycledAs!;
        JsonObject config = (JsonObject)source.Config.DeepClone();
        config["num_experts"] = target.Experts;
        config["num_experts_per_tok"] = target.TopK;
        config["moe_intermediate_size"] = target.InnerSize;
        config["norm_topk_prob"] = true;
        config["mlp_only_layers"] = new JsonArray([.. target.DenseLayers.Select(l => JsonValue.Create(l))]);
        if (type == Plain)
        {
            AddDecoderKeys(config, hasWindow: model.Options.HasWindow(0));
        }

        bool plain = type == Plain && routing.Group is null;
        config["model_type"] = plain ? Plain : SwitchyardArchitecture.ModelType;
        config["architectures"] = new JsonArray(
            plain ? "Qwen3MoeForCausalLM"
            : target.Encoder is null ? SwitchyardArchitecture.ClassName
            : target.Encoder.MaskedLanguageHead ? SwitchyardArchitecture.MaskedClassName
            : SwitchyardArchitecture.EncoderClassName);
        ModelSection? section = ModelSection.Read(config);
        if (!plain || section is not null)
        {
            section = (section ?? new ModelSection()) with { Architecture = plain ? null : type, Rerouted = routing.Group is { } group ? [group] : null, Seed = target.Seed };
            config[ModelSection.Key] = JsonSerializer.SerializeToNode(section, ModelSection.Json);
        }

        return config.ToJsonString(ModelConfiguration.Indented) + "\n";
    }

    /// <summary>What <c>qwen3_moe</c> asks for beyond <c>qwen3</c>; its sliding window is that of all layers.</summary>
    private static void AddDecoderKeys(JsonObject config, bool hasWindow)
    {
        config["decoder_sparse_step"] = 1;
        config["output_router_logits"] = false;
        config["router_aux_loss_coef"] = JsonNode.Parse("0.001");
        config["use_sliding_window"] = hasWindow;
        if (!hasWindow)
        {
            config["sliding_window"] = null;
        }

        config.Remove("layer_types");
        config.Remove("max_window_layers");
    }
}
