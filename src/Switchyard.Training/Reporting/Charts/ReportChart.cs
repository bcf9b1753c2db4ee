using System.Text.Json.Nodes;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>One chart of the report.</summary>
internal sealed record ReportChart
{
    /// <summary>Its name in the page and in saved files.</summary>
    public required string Id { get; init; }

    /// <summary>Heading.</summary>
    public required string Title { get; init; }

    /// <summary>What to see, computed from the data where possible.</summary>
    public required Markup Lead { get; init; }

    /// <summary>The views, one a combination of the selectors, the last selector running fastest.</summary>
    public required IReadOnlyList<ChartView> Views { get; init; }

    /// <summary>Axes, shapes and annotations, the same for each view.</summary>
    public required JsonObject Layout { get; init; }

    /// <summary>The data as text.</summary>
    public required string Csv { get; init; }

    /// <summary>Changes of the layout on a narrow screen, or null.</summary>
    public JsonObject? Narrow { get; init; }

    /// <summary>What explains the colours.</summary>
    public ChartLegend Legend { get; init; }

    /// <summary>The greatest share of the colour scale, for <see cref="ChartLegend.Share"/>.</summary>
    public double LegendMaximum { get; init; } = 1;

    /// <summary>What the colours of <see cref="ChartLegend.Share"/> measure.</summary>
    public string LegendTitle { get; init; } = "share of the domain’s pairs";

    /// <summary>The choices, none for a chart of one view.</summary>
    public IReadOnlyList<ChartSelector> Selectors { get; init; } = [];

    /// <summary>Height in pixels.</summary>
    public int Height { get; init; } = 420;

    /// <summary>Half the page's width where there is room.</summary>
    public bool Half { get; init; }
}
