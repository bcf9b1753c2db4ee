using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>Qwen3 (Qwen Team 2025, arXiv 2505.09388): <c>qwen3_moe</c> with a dense FFN in every layer.</summary>
internal sealed class Qwen3Architecture : Architecture
{
    public override string Name => "qwen3";

    public override string Summary => "a dense decoder: grouped-query attention with norms of queries and keys by head";

    internal override string? UpcycledAs => "qwen3_moe";

    internal override MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors)
    {
        bool bias = config.Bool("attention_bias");
        MoeTransformerOptions options = DecoderKeys.Dense(config);
        bool window = config.Bool("use_sliding_window");
        return options with
        {
            HeadSize = config.Int("head_dim"),
            QueryKeyNorm = true,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            DenseInnerSize = config.Int("intermediate_size"),
            DenseLayers = [.. Enumerable.Range(0, options.Layers)],
            SlidingWindow = window ? config.Int("sliding_window") : 0,
            WindowLayers = window ? WindowLayers(config, options.Layers) : null,
        };
    }

    /// <summary>Those that <c>layer_types</c> names, or, in older files, those from <c>max_window_layers</c> on.</summary>
    private static IReadOnlyList<int> WindowLayers(ConfigReader config, int layers)
    {
        IReadOnlyList<string> kinds = config.Texts("layer_types");
        if (kinds.Count == 0)
        {
            int first = config.Int("max_window_layers");
            return [.. Enumerable.Range(0, layers).Where(i => i >= first)];
        }

        config.Refuse(kinds.Count != layers, $"layer_types names {kinds.Count} layers; num_hidden_layers is {layers}");
        string? unknown = kinds.FirstOrDefault(k => k is not ("full_attention" or "sliding_attention"));
        config.Refuse(unknown is not null, $"layer_types has '{unknown}'; full_attention and sliding_attention are computed");
        return [.. Enumerable.Range(0, layers).Where(i => kinds[i] is "sliding_attention")];
    }
}
