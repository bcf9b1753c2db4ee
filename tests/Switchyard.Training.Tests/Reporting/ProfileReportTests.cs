using System.Text.Json;
using System.Text.RegularExpressions;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Profiles;

namespace Switchyard.Training.Tests.Reporting;

public sealed partial class ProfileReportTests
{
    private static readonly string[] s_charts = ["load", "domains", "lorenz", "co-activation", "locality", "working-set", "coverage", "cache"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_chart_has_heading_sentence_data_and_as_many_views_as_choices(bool beside)
    {
        ProfileResult result = TinyModel.Profile();
        string html = ProfilePage.Of(result, beside ? TinyModel.Profile(context: 8, stride: 8) : null, "/* charts */").Html;
        Assert.Equal(s_charts, Charts().Matches(html).Select(m => m.Groups[1].Value));
        foreach (Match island in Islands().Matches(html))
        {
            using JsonDocument spec = JsonDocument.Parse(island.Groups[1].Value);
            int views = spec.RootElement.GetProperty("sizes").EnumerateArray().Aggregate(1, (n, size) => n * size.GetInt32());
            Assert.Equal(views, spec.RootElement.GetProperty("views").GetArrayLength());
            Assert.All(spec.RootElement.GetProperty("views").EnumerateArray(), view => Assert.True(view.GetProperty("data").GetArrayLength() > 0));
        }

        Assert.Equal(s_charts.Length, Islands().Count(html));
        Assert.All(result.Diagnosis.Findings, f => Assert.Contains(System.Net.WebUtility.HtmlEncode(f), html, StringComparison.Ordinal));
        Assert.Contains(System.Net.WebUtility.HtmlEncode(result.Command), html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_out_of_the_data_cannot_become_a_tag()
    {
        ProfileResult result = TinyModel.Profile();
        result = result with { Model = result.Model with { Name = "<script>alert(1)</script>" }, Text = result.Text with { Domains = ["<b>one", "two"] } };
        string html = ProfilePage.Of(result, null, string.Empty).Html;
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>one", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_whole_file_carries_its_charting_script()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "report.html");
        ProfileReport.Write(TinyModel.Profile(), path);
        string html = File.ReadAllText(path);
        Assert.Contains("plotly.js v2", html, StringComparison.Ordinal);
        Assert.InRange(html.Length, 3_000_000, 6_000_000);
    }

    [Fact]
    public void The_terminal_shows_layers_domains_and_diagnosis_within_the_width()
    {
        string text = ProfileTable.Render(TinyModel.Profile(), TinyModel.Profile(context: 8, stride: 8), 100);
        string[] lines = text.Split('\n');
        Assert.All(lines.Where(l => !l.StartsWith("tiny", StringComparison.Ordinal)), l => Assert.InRange(l.Length, 0, 110));
        foreach (string part in new[] { "layer 0", "layer 1", "prose", "code", "Diagnosis", "cost on 8 devices", "difference", "(other)" })
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }

    [GeneratedRegex("<figure class=\"chart[^\"]*\" id=\"([^\"]+)\"", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Charts();

    [GeneratedRegex("<script type=\"application/json\" class=\"figure\">(.*?)</script>", RegexOptions.Singleline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Islands();
}
