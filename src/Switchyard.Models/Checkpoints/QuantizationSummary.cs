using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>What <c>quantization_config</c> says.</summary>
/// <param name="Method">The method: <c>gptq</c>, <c>awq</c>, <c>fp8</c>, …</param>
/// <param name="Bits">Bits of a weight.</param>
/// <param name="GroupSize">Weights that share a scale along the input; −1 for a whole column, null where the method has blocks instead.</param>
/// <param name="BlockSize">Rows and columns that share a scale, for <c>fp8</c>; else empty.</param>
/// <param name="ActivationOrder">Whether groups are not in the order of the input (<c>desc_act</c>).</param>
public sealed record QuantizationSummary(string Method, int Bits, int? GroupSize, IReadOnlyList<int> BlockSize, bool ActivationOrder)
{
    private const string Key = "quantization_config";

    internal static QuantizationSummary? Of(ConfigReader config)
    {
        if (!config.Has(Key))
        {
            return null;
        }

        ConfigReader section = config.Section(Key);
        string method = section.Has("quant_method") ? section.Text("quant_method") : "unknown";
        return new QuantizationSummary(
            method,
            section.Int("bits", method is "fp8" ? 8 : 0),
            section.Has("group_size") ? section.Int("group_size") : null,
            section.Ints("weight_block_size"),
            section.Bool("desc_act", otherwise: false));
    }

    /// <summary>Weights that a stored tensor stands for; 0 for scales, zeros and orders.</summary>
    internal long Weights(SafetensorsEntry entry) =>
        entry.Name.EndsWith(".weight_codes", StringComparison.Ordinal) ? entry.Count * (Bits == 4 ? 2 : 1)
        : entry.Name.EndsWith(".weight_scales", StringComparison.Ordinal) ? 0
        : entry.Name.EndsWith(".qweight", StringComparison.Ordinal) && Bits > 0 ? entry.Count * (8 * entry.Type.ElementSize / Bits)
        : entry.Name.EndsWith(".qzeros", StringComparison.Ordinal) || entry.Name.EndsWith(".scales", StringComparison.Ordinal)
            || entry.Name.EndsWith(".g_idx", StringComparison.Ordinal) || entry.Name.EndsWith(".weight_scale_inv", StringComparison.Ordinal) ? 0
        : entry.Count;
}
