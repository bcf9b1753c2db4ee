using System.Globalization;
using Switchyard.Models.Blocks;
using Switchyard.Models.Checkpoints;
using Switchyard.Selection;

namespace Switchyard.Models.Architectures;

/// <summary>DeepSeek-V3 and R1 (DeepSeek-AI 2024, arXiv 2412.19437).</summary>
internal sealed class DeepSeekV3Architecture : Architecture
{
    private const string LayerPrefix = "model.layers.";

    public override string Name => "deepseek_v3";

    public override string Summary => "latent attention, sigmoid scores with a bias on the choice, groups of experts, shared experts, dense first layers";

    internal override string ExpertsKey => "n_routed_experts";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        bool bias = config.Bool("attention_bias");
        int plain = config.Int("qk_nope_head_dim");
        int turned = config.Int("qk_rope_head_dim");
        int expert = config.Int("moe_intermediate_size");
        Expect("scoring_func", "sigmoid");
        Expect("topk_method", "noaux_tc");
        long shared = (long)expert * config.Int("n_shared_experts", 0);
        config.Refuse(shared is < 0 or > int.MaxValue, $"n_shared_experts is {config.Int("n_shared_experts", 0)}; times moe_intermediate_size, {expert}, it must lie between 0 and {int.MaxValue}");
        config.Refuse(config.Int("moe_layer_freq", 1) != 1, $"moe_layer_freq is {config.Int("moe_layer_freq", 1)}; only 1 is computed");
        return DecoderKeys.Options(config) with
        {
            HeadSize = plain + turned,
            LatentAttention = new LatentAttentionOptions
            {
                QueryRank = config.Int("q_lora_rank", 0),
                KeyValueRank = config.Int("kv_lora_rank"),
                PlainSize = plain,
                RotarySize = turned,
                ValueSize = config.Int("v_head_dim"),
                Interleaved = config.Bool("rope_interleave", otherwise: true),
            },
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Experts = config.Int(ExpertsKey),
            InnerSize = expert,
            DenseInnerSize = config.Int("intermediate_size"),
            DenseLayers = [.. Enumerable.Range(0, Math.Clamp(config.Int("first_k_dense_replace"), 0, config.Int("num_hidden_layers")))],
            SharedInnerSize = (int)shared,
            Moe = DecoderKeys.Moe(
                new SelectorOptions
                {
                    Experts = 1,
                    TopK = 1,
                    Normalize = config.Bool("norm_topk_prob"),
                    Groups = config.Int("n_group"),
                    TopKGroup = config.Int("topk_group"),
                    Scale = config.Double("routed_scaling_factor"),
                    GroupMask = GroupMask.Zero,
                },
                "linear+bias+sigmoid-group"),
        };

        void Expect(string key, string value) =>
            config.Refuse(config.Has(key) && config.Text(key) != value, $"{key} is '{(config.Has(key) ? config.Text(key) : null)}'; only {value} is computed");
    }

    internal override TensorNames Names(ConfigReader config) => new(
        ("mlp.shared_expert", "mlp.shared_experts"),
        ("mlp.balancer.bias", "mlp.gate.e_score_correction_bias"));

    internal override string? LeftOut(string tensor, MoeTransformerOptions options) =>
        tensor.StartsWith(LayerPrefix, StringComparison.Ordinal)
        && int.TryParse(tensor.AsSpan(LayerPrefix.Length, Math.Max(0, tensor.IndexOf('.', LayerPrefix.Length) - LayerPrefix.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
        && layer >= options.Layers
            ? "layers that predict several tokens at once, which are not computed"
            : base.LeftOut(tensor, options);
}
