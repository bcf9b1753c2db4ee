using System.Globalization;
using System.Text.RegularExpressions;
using Switchyard.Training.Reporting;
using Switchyard.Training.Reporting.Charts;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Reporting;

public sealed partial class PaletteTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Text_has_a_contrast_of_four_and_a_half_and_lines_of_three(bool dark)
    {
        Dictionary<string, double> light = Luminances(ReportAssets.Style(), dark);
        string[] grounds = ["page", "panel"];
        foreach (string ground in grounds)
        {
            foreach (string text in new[] { "ink", "quiet", "accent", "strong", "best" })
            {
                Assert.True(Contrast(light[text], light[ground]) >= 4.5, $"{text} on {ground}: {Contrast(light[text], light[ground]):F2}");
            }
        }

        Assert.True(Contrast(light["ink"], light["mark"]) >= 4.5);
        Assert.True(Contrast(light["quiet"], light["mark"]) >= 4.5);
        for (int row = 0; row <= 10; row++)
        {
            double contrast = Contrast(light[$"row-{row}"], light["page"]);
            Assert.True(contrast >= 3, $"row {row}: {contrast:F2}");
        }
    }

    [Fact]
    public void Thirty_rows_are_all_drawn_differently_and_the_baseline_in_the_colour_of_text()
    {
        CompareResult one = SampleResult.Make(rows: 2);
        CompareResult many = one with { Rows = [.. Enumerable.Range(0, 30).Select(i => one.Rows[i == 4 ? 0 : 1] with { Name = $"row {i}" })] };
        RowStyle[] styles = [.. many.Rows.Select(r => RowStyle.Of(many, r))];
        Assert.Equal(30, styles.Select(s => (s.Color, s.Dash, s.Symbol)).Distinct().Count());
        Assert.Equal(0, styles[4].Index);
        Assert.Equal("solid", styles[4].Dash);
        Assert.All(styles.Where((_, i) => i != 4), s => Assert.NotEqual(0, s.Color));
    }

    private static Dictionary<string, double> Luminances(string css, bool dark)
    {
        int from = dark ? css.IndexOf("[data-theme=\"dark\"] {", StringComparison.Ordinal) : css.IndexOf(":root, [data-theme=\"light\"] {", StringComparison.Ordinal);
        string block = css[from..css.IndexOf('}', from)];
        return Color().Matches(block).ToDictionary(m => m.Groups[1].Value, m => Luminance(m.Groups[2].Value));
    }

    /// <summary>Relative luminance as WCAG 2 defines it.</summary>
    private static double Luminance(string hex)
    {
        double[] linear = [.. Enumerable.Range(0, 3).Select(i => int.Parse(hex.AsSpan(2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0).Select(c => c <= 0.03928 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4))];
        return (0.2126 * linear[0]) + (0.7152 * linear[1]) + (0.0722 * linear[2]);
    }

    private static double Contrast(double a, double b) => (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);

    [GeneratedRegex("--([a-z0-9-]+): #([0-9a-f]{6});", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Color();
}
