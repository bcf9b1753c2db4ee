using System.Globalization;
using System.Text;
using Switchyard.Models.Weights;
using Switchyard.Training.Quantizing;

namespace Switchyard.Training.Reporting;

/// <summary>What making experts integers did, as text: before → after, and what each layer was calibrated on.</summary>
public static class QuantizeTable
{
    /// <summary>The summary, and a table of the layers that were calibrated.</summary>
    /// <param name="result">What was done.</param>
    /// <param name="width">Columns of the terminal.</param>
    public static string Render(QuantizeResult result, int width)
    {
        StringBuilder text = new();
        Line($"experts     {result.ExpertBytesBefore / 1e6:N1} MB → {result.ExpertBytesAfter / 1e6:N1} MB, {result.Bits} bits in groups of {result.Group}");
        if (result is { LossBefore: { } before, LossAfter: { } after })
        {
            Line($"loss        {before:0.0000} → {after:0.0000} nats a token, over {result.Tokens:N0} tokens of {TextTable.Printable(Path.GetFileName(result.JudgeText!))}");
            Line($"perplexity  {Math.Exp(before):0.000} → {Math.Exp(after):0.000}");
        }

        if (result.CalibrationText is { } calibration)
        {
            Line($"calibrated  on {result.CalibrationTokens:N0} tokens of {TextTable.Printable(Path.GetFileName(calibration))}: tokens of an expert, and the change of the experts' products, ‖(W − Q)·x‖ ÷ ‖W·x‖");
            text.Append('\n').Append(TextTable.Render(["layer", "routed, least", "routed, most", "filled up", "most added", "nearest %", "calibrated %"], [.. result.Layers.Select(Row)], width)).Append('\n');
        }

        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static IReadOnlyList<string> Row(QuantizedLayer layer) =>
    [
        Number(layer.Layer, "0"),
        Number(layer.Routed.Min(), "N0"),
        Number(layer.Routed.Max(), "N0"),
        Number(layer.Added.Count(n => n > 0), "0"),
        Number(layer.Added.Max(), "N0"),
        Share(layer.Error.Plain, layer.Error),
        Share(layer.Error.Calibrated, layer.Error),
    ];

    private static string Share(double error, RoundingError all) => Number(all.Output > 0 ? 100 * Math.Sqrt(error / all.Output) : 0, "0.000");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
