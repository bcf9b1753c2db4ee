using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>How a row is drawn in every chart: colour, dash and marker by its index, so that rows differ without colour as well. The baseline is index 0, in the colour of the text.</summary>
internal sealed record RowStyle(int Index)
{
    private const int Colors = 10;

    private static readonly string[] s_dashes = ["", "7 3", "2 3", "9 3 2 3", "12 4"];

    private static readonly string[] s_symbols = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "star"];

    private static readonly Markup[] s_markers =
    [
        new("""<circle cx="18" cy="7" r="4"/>"""),
        new("""<rect x="14.4" y="3.4" width="7.2" height="7.2"/>"""),
        new("""<path d="M18 2.2 22.6 10.6 13.4 10.6Z"/>"""),
        new("""<path d="M18 2 23 7 18 12 13 7Z"/>"""),
        new("""<path d="M13.4 3.4 22.6 3.4 18 11.8Z"/>"""),
        new("""<path d="M16.5 2.5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z"/>"""),
        new("""<path d="M18 1.8 19.4 5.4 23.2 5.6 20.2 8 21.2 11.8 18 9.6 14.8 11.8 15.8 8 12.8 5.6 16.6 5.4Z"/>"""),
    ];

    /// <summary>The row's place in the result.</summary>
    public static int Position(CompareResult result, CompareRow row)
    {
        for (int i = 0; i < result.Rows.Count; i++)
        {
            if (ReferenceEquals(result.Rows[i], row))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The style of a row of the result.</summary>
    public static RowStyle Of(CompareResult result, CompareRow row)
    {
        CompareRow? baseline = Baseline.Of(result);
        int position = Position(result, row);
        if (baseline is null)
        {
            return new RowStyle(position + 1);
        }

        int of = Position(result, baseline);
        return new RowStyle(position == of ? 0 : position < of ? position + 1 : position);
    }

    /// <summary>Place of the colour in the page's palette.</summary>
    public int Color => Index == 0 ? 0 : 1 + ((Index - 1) % Colors);

    /// <summary>The dash as plotly.js names it.</summary>
    public string Dash => Index % s_dashes.Length == 0 ? "solid" : string.Join(',', s_dashes[Index % s_dashes.Length].Split(' ').Select(n => n + "px"));

    /// <summary>The marker as plotly.js names it.</summary>
    public string Symbol => s_symbols[Index % s_symbols.Length];

    /// <summary>The line and marker as a small picture.</summary>
    public Markup Swatch()
    {
        string color = FormattableString.Invariant($"var(--row-{Color})");
        return Markup.Of($"""<svg class="swatch" width="36" height="14" viewBox="0 0 36 14" aria-hidden="true" style="stroke:{color};fill:{color}"><path d="M1 7H35" fill="none" stroke-width="2" stroke-dasharray="{s_dashes[Index % s_dashes.Length]}"/><g stroke="none">{s_markers[Index % s_markers.Length]}</g></svg>""");
    }
}
