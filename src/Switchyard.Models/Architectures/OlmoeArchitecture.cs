using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>OLMoE (Muennighoff et al. 2024, arXiv 2409.02060).</summary>
internal sealed class OlmoeArchitecture : Architecture
{
    public override string Name => "olmoe";

    public override string Summary => "norms of queries and keys over all heads, optional clipping";

    internal override string InnerSizeKey => "intermediate_size";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        bool bias = config.Bool("attention_bias");
        int inner = config.Int("intermediate_size");
        return DecoderKeys.Options(config) with
        {
            QueryKeyNorm = true,
            QueryKeyNormAcrossHeads = true,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            ClipQueryKeyValue = config.Has("clip_qkv") ? config.Double("clip_qkv") : null,
            Experts = config.Int(ExpertsKey),
            InnerSize = inner,
            DenseInnerSize = inner,
            Moe = DecoderKeys.SoftmaxMoe(config.Bool("norm_topk_prob")),
        };
    }
}
