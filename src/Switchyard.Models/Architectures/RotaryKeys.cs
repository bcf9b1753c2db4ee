using Switchyard.Models.Blocks;
using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>θ and scaling of a rotary embedding: <c>rope_theta</c> and <c>rope_scaling</c>, or both in <c>rope_parameters</c>.</summary>
internal static class RotaryKeys
{
    private const string Both = "rope_parameters";
    private const string ScalingKey = "rope_scaling";

    public static double Theta(ConfigReader config)
    {
        double theta = !config.Has("rope_theta") && config.Has(Both) ? config.Section(Both).Double("rope_theta") : config.Double("rope_theta");
        config.Refuse(theta <= 1, $"rope_theta is {theta}; it must be larger than 1");
        return theta;
    }

    /// <summary>The scaling that is asked for; null for none. An unknown kind is an error.</summary>
    public static RotaryScaling? Scaling(ConfigReader config)
    {
        string key = config.Has(ScalingKey) ? ScalingKey : Both;
        if (!config.Has(key))
        {
            return null;
        }

        ConfigReader scaling = config.Section(key);
        string kind = scaling.Has("rope_type") ? scaling.Text("rope_type") : scaling.Has("type") || key == ScalingKey ? scaling.Text("type") : "default";
        int longest = config.Int("max_position_embeddings");
        RotaryScaling? result = kind switch
        {
            "default" => null,
            "linear" => Scaled(RotaryScalingKind.Linear, longest),
            "dynamic" => Scaled(RotaryScalingKind.Dynamic, longest),
            "yarn" => Yarn(scaling, Scaled(RotaryScalingKind.Yarn, scaling.Int("original_max_position_embeddings", longest))),
            "llama3" => Scaled(RotaryScalingKind.Llama3, scaling.Int("original_max_position_embeddings")) with
            {
                LowFrequencyFactor = scaling.Double("low_freq_factor"),
                HighFrequencyFactor = scaling.Double("high_freq_factor"),
            },
            _ => throw config.Error($"{key} is of kind '{kind}'; known are default, linear, dynamic, yarn, llama3"),
        };
        config.Refuse(result is not null && !(result.Factor >= 1), $"{key}.factor is {result?.Factor}; it must be at least 1");
        config.Refuse(result is { OriginalPositions: <= 0 }, $"{key}.original_max_position_embeddings is {result?.OriginalPositions}; it must be positive");
        config.Refuse(
            result is { Kind: RotaryScalingKind.Llama3 } && !(result.LowFrequencyFactor > 0 && result.HighFrequencyFactor > result.LowFrequencyFactor),
            $"{key}.high_freq_factor must be larger than low_freq_factor, and both positive");
        return result;

        RotaryScaling Scaled(RotaryScalingKind scalingKind, int original) => new() { Kind = scalingKind, Factor = scaling.Double("factor"), OriginalPositions = original };
    }

    private static RotaryScaling Yarn(ConfigReader keys, RotaryScaling scaling)
    {
        double scale = keys.Double("mscale", 0);
        double scaleOfAll = keys.Double("mscale_all_dim", 0);
        double logits = scaleOfAll == 0 ? 1 : RotaryScaling.Mscale(scaling.Factor, scaleOfAll);
        return scaling with
        {
            FastRotations = keys.Double("beta_fast", scaling.FastRotations),
            SlowRotations = keys.Double("beta_slow", scaling.SlowRotations),
            Truncate = keys.Bool("truncate", scaling.Truncate),
            AttentionFactor = keys.Has("attention_factor") ? keys.Double("attention_factor")
                : scale != 0 && scaleOfAll != 0 ? RotaryScaling.Mscale(scaling.Factor, scale) / RotaryScaling.Mscale(scaling.Factor, scaleOfAll)
                : RotaryScaling.Mscale(scaling.Factor),
            LogitFactor = logits * logits,
        };
    }
}
