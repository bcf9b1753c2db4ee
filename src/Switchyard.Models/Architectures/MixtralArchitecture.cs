using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>Mixtral (Jiang et al. 2024, arXiv 2401.04088).</summary>
internal sealed class MixtralArchitecture : Architecture
{
    public override string Name => "mixtral";

    public override string Summary => "grouped-query attention, softmax over the chosen experts, an optional sliding window";

    internal override string ExpertsKey => "num_local_experts";

    internal override string InnerSizeKey => "intermediate_size";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        int inner = config.Int("intermediate_size");
        return DecoderKeys.Options(config) with
        {
            Experts = config.Int(ExpertsKey),
            InnerSize = inner,
            DenseInnerSize = inner,
            SlidingWindow = config.Int("sliding_window", 0),
            Moe = DecoderKeys.SoftmaxMoe(normalize: true) with { InputJitter = config.Double("router_jitter_noise", 0) },
        };
    }

    internal override TensorNames Names(ConfigReader config) => new(
        ("mlp", "block_sparse_moe"),
        ("gate_proj", "w1"),
        ("up_proj", "w3"),
        ("down_proj", "w2"));
}
