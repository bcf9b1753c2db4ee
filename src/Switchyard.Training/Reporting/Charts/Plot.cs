using System.Text.Json.Nodes;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Pieces of plotly.js figures as plain JSON. Colours are left to the page's script, which knows the theme.</summary>
internal static class Plot
{
    /// <summary>Load over the even share at which the colours end.</summary>
    public const double LoadCeiling = 4;

    /// <summary>A number to so many significant digits; null where it is not finite, since JSON has no word for it.</summary>
    public static JsonNode? Number(double value, int significant = 5)
    {
        if (!double.IsFinite(value))
        {
            return null;
        }

        if (value == 0)
        {
            return JsonValue.Create(0);
        }

        int digits = significant - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return JsonValue.Create(digits is >= 0 and <= 15 ? Math.Round(value, digits) : value);
    }

    public static JsonArray Numbers(IEnumerable<double> values, int significant = 5) => new([.. values.Select(v => Number(v, significant))]);

    public static JsonArray Labels(IEnumerable<string> labels) => new([.. labels.Select(l => (JsonNode?)Label(l))]);

    /// <summary>A name out of the data as text of a figure: plotly.js reads a few tags and entities, so that they must be escaped.</summary>
    public static string Label(string name) => name.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    public static JsonObject Axis(string title) => new() { ["title"] = new JsonObject { ["text"] = title } };

    public static JsonObject Axis(string title, double low, double high)
    {
        JsonObject axis = Axis(title);
        axis["range"] = Numbers([low, high]);
        return axis;
    }

    /// <summary>The range of the finite values and 6 % more at each end; 0 to 1 without any.</summary>
    public static (double Low, double High) Padded(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length == 0)
        {
            return (0, 1);
        }

        double low = finite.Min();
        double high = finite.Max();
        double pad = high > low ? 0.06 * (high - low) : Math.Max(0.01, 0.02 * Math.Abs(high));
        return (low - pad, high + pad);
    }

    /// <summary>A trace that carries the style of a row.</summary>
    public static JsonObject RowTrace(CompareResult result, CompareRow row, string mode) =>
        Trace(row.Name, RowStyle.Of(result, row), RowStyle.Position(result, row), mode);

    /// <summary>A trace of a style, which the legend's entry of that number hides and shows.</summary>
    public static JsonObject Trace(string name, RowStyle style, int entry, string mode) => new()
    {
        ["type"] = "scatter",
        ["mode"] = mode,
        ["name"] = Label(name),
        ["meta"] = new JsonObject { ["color"] = style.Color, ["row"] = entry },
        ["line"] = new JsonObject { ["dash"] = style.Dash, ["width"] = style.Index == 0 ? 3 : 2 },
        ["marker"] = new JsonObject { ["symbol"] = style.Symbol, ["size"] = 9 },
    };

    /// <summary>A heat map; <paramref name="scale"/> is <c>load</c> or <c>share</c>.</summary>
    public static JsonObject HeatMap(string scale, JsonArray x, JsonArray y, IEnumerable<IReadOnlyList<double>> z, double maximum, string hover) => new()
    {
        ["type"] = "heatmap",
        ["meta"] = new JsonObject { ["scale"] = scale },
        ["x"] = x,
        ["y"] = y,
        ["z"] = new JsonArray([.. z.Select(line => (JsonNode?)Numbers(line, 3))]),
        ["zmin"] = 0,
        ["zmax"] = Number(maximum),
        ["hovertemplate"] = hover + "<extra></extra>",
    };

    /// <summary>Loads over the even share.</summary>
    public static double[] OverEven(IReadOnlyList<double> load)
    {
        double mean = load.Count == 0 ? 0 : load.Sum() / load.Count;
        return [.. load.Select(n => mean > 0 ? n / mean : double.NaN)];
    }

    public static double[] OverEven(IReadOnlyList<long> load) => OverEven([.. load.Select(n => (double)n)]);
}
