using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>Qwen3-MoE (Qwen Team 2025, arXiv 2505.09388).</summary>
internal sealed class Qwen3MoeArchitecture : Architecture
{
    public override string Name => "qwen3_moe";

    public override string Summary => "grouped-query attention with norms of queries and keys by head";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors) => Read(config);

    /// <summary>The options of a file with the keys of this architecture.</summary>
    internal static MoeTransformerOptions Read(ConfigReader config)
    {
        bool bias = config.Bool("attention_bias");
        return DecoderKeys.Options(config) with
        {
            HeadSize = config.Int("head_dim"),
            QueryKeyNorm = true,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Experts = config.Int("num_experts"),
            InnerSize = config.Int("moe_intermediate_size"),
            DenseInnerSize = config.Int("intermediate_size"),
            MoeEvery = DecoderKeys.MoeEvery(config),
            DenseLayers = config.Ints("mlp_only_layers"),
            SharedInnerSize = config.Int("shared_expert_intermediate_size", 0),
            SlidingWindow = config.Bool("use_sliding_window") ? config.Int("sliding_window") : 0,
            Moe = DecoderKeys.SoftmaxMoe(config.Bool("norm_topk_prob")),
        };
    }
}
