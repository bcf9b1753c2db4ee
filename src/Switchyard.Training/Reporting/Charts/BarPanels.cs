using System.Globalization;
using System.Text.Json.Nodes;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>Bar charts side by side with the same names, one above the other on a narrow screen.</summary>
internal static class BarPanels
{
    private const double Gap = 0.06;
    private const double NarrowGap = 0.16;

    /// <summary>Traces and layout; name, words and text are the caller's.</summary>
    public static ReportChart Of(IReadOnlyList<string> names, IReadOnlyList<BarPanel> panels)
    {
        JsonArray data = [];
        JsonObject layout = new() { ["bargap"] = 0.35 };
        JsonObject narrow = new() { ["height"] = 20 + (panels.Count * (70 + (names.Count * 24))) };
        for (int i = 0; i < panels.Count; i++)
        {
            string number = i == 0 ? string.Empty : (i + 1).ToString(CultureInfo.InvariantCulture);
            data.Add(Bars(panels[i], i, number, names));
            layout["xaxis" + number] = BarAxis(panels[i], Domain(i, panels.Count, Gap), "y" + number);
            layout["yaxis" + number] = NameAxis("x" + number, labels: i == 0);
            double[] rows = Domain(panels.Count - 1 - i, panels.Count, NarrowGap);
            narrow["xaxis" + number] = new JsonObject { ["domain"] = Plot.Numbers([0, 1]) };
            narrow["yaxis" + number] = new JsonObject { ["domain"] = Plot.Numbers(rows), ["showticklabels"] = true };
        }

        return new ReportChart
        {
            Id = string.Empty,
            Title = string.Empty,
            Lead = Markup.Empty,
            Csv = string.Empty,
            Views = [new ChartView(data)],
            Layout = layout,
            Narrow = narrow,
            Height = 80 + (names.Count * 28),
        };
    }

    /// <summary>The i-th of n equal parts of [0, 1] with gaps between them.</summary>
    private static double[] Domain(int i, int n, double gap)
    {
        double width = (1 - ((n - 1) * gap)) / n;
        return [i * (width + gap), Math.Min(1, (i * (width + gap)) + width)];
    }

    private static JsonObject Bars(BarPanel panel, int index, string number, IReadOnlyList<string> names) => new()
    {
        ["type"] = "bar",
        ["orientation"] = "h",
        ["name"] = panel.Name,
        ["meta"] = new JsonObject { ["bar"] = index + 1 },
        ["y"] = Plot.Labels(names),
        ["x"] = Plot.Numbers(panel.Values),
        ["xaxis"] = "x" + number,
        ["yaxis"] = "y" + number,
        ["text"] = Plot.Labels(panel.Values.Select(panel.Text)),
        ["textposition"] = "outside",
        ["cliponaxis"] = false,
        ["hovertemplate"] = "%{y}: " + panel.Hover + "<extra></extra>",
    };

    private static JsonObject BarAxis(BarPanel panel, double[] domain, string anchor)
    {
        double greatest = panel.Values.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        JsonObject axis = Plot.Axis(panel.Axis, 0, Math.Max(greatest, 1e-6) * 1.18);
        axis["domain"] = Plot.Numbers(domain);
        axis["anchor"] = anchor;
        return axis;
    }

    private static JsonObject NameAxis(string anchor, bool labels) => new()
    {
        ["type"] = "category",
        ["autorange"] = "reversed",
        ["showgrid"] = false,
        ["anchor"] = anchor,
        ["showticklabels"] = labels,
        ["domain"] = Plot.Numbers([0, 1]),
        ["meta"] = "names",
    };
}
