using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>Qwen1.5-MoE and Qwen2-MoE (Qwen Team 2024).</summary>
internal sealed class Qwen2MoeArchitecture : Architecture
{
    public override string Name => "qwen2_moe";

    public override string Summary => "grouped-query attention with biases, a gated shared expert";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        bool window = config.Bool("use_sliding_window");
        IReadOnlyList<string> kinds = config.Texts("layer_types");
        config.Refuse(window && kinds.Count == 0, "use_sliding_window is true, but no layer_types say which layers have the window, and releases of transformers differ on it");
        return DecoderKeys.Options(config) with
        {
            Experts = config.Int(ExpertsKey),
            InnerSize = config.Int("moe_intermediate_size"),
            DenseInnerSize = config.Int("intermediate_size"),
            MoeEvery = DecoderKeys.MoeEvery(config),
            DenseLayers = config.Ints("mlp_only_layers"),
            SharedInnerSize = config.Int("shared_expert_intermediate_size"),
            SharedGate = true,
            QueryKeyValueBias = config.Bool("qkv_bias", otherwise: true),
            SlidingWindow = window ? config.Int("sliding_window") : 0,
            WindowLayers = window ? [.. Enumerable.Range(0, kinds.Count).Where(i => kinds[i] is "sliding_attention")] : null,
            Moe = DecoderKeys.SoftmaxMoe(config.Bool("norm_topk_prob")),
        };
    }
}
