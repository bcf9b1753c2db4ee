using System.Text.Json;
using System.Text.RegularExpressions;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Reporting;

public sealed partial class CompareReportTests
{
    private static readonly string[] s_charts = ["trade-off", "loss", "loss-gap", "gini", "lorenz", "load", "load-over-time", "domains", "router-cost"];

    [Fact]
    public void The_whole_file_carries_its_charting_script_and_asks_for_nothing()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "report.html");
        CompareReport.Write(SampleResult.Make(), path);
        string html = File.ReadAllText(path);
        Assert.StartsWith("<!DOCTYPE html>", html, StringComparison.Ordinal);
        Assert.Contains("plotly.js v2", html, StringComparison.Ordinal);
        Assert.Contains("Licensed under the MIT license", html, StringComparison.Ordinal);
        Assert.InRange(html.Length, 3_000_000, 6_000_000);
        Assert.Contains($"content=\"{System.Net.WebUtility.HtmlEncode(ReportFrame.ContentSecurityPolicy)}\"", html, StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Our_own_part_of_the_page_names_no_address()
    {
        string html = Page(SampleResult.Make());
        string[] forbidden = ["http:", "https:", "src=", "@import", ": url(", "//cdn", "<link", "<iframe"];
        Assert.All(forbidden, f => Assert.DoesNotContain(f, html, StringComparison.OrdinalIgnoreCase));
        Assert.StartsWith("default-src 'none'", ReportFrame.ContentSecurityPolicy, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_chart_has_heading_sentence_data_and_a_valid_figure()
    {
        string html = Page(SampleResult.Make());
        Assert.Equal(s_charts, ChartIds(html));
        foreach (string id in s_charts)
        {
            string figure = Figure(html, id);
            Assert.Matches($"<h3 id=\"{id}-title\">[^<]{{5,}}</h3>", figure);
            Assert.Matches("<p class=\"lead\">.{40,}</p>", figure);
            Assert.Matches("role=\"img\" aria-label=\"[^\"]{40,}\"", figure);
            Assert.Contains("data-save=\"svg\"", figure, StringComparison.Ordinal);
            Assert.Contains("data-save=\"csv\"", figure, StringComparison.Ordinal);
            Assert.Contains("<summary>Data as text</summary>", figure, StringComparison.Ordinal);
            Assert.True(Csv(figure).Split('\n').Length > 11, id);

            using JsonDocument island = Island(figure);
            int views = island.RootElement.GetProperty("sizes").EnumerateArray().Aggregate(1, (n, size) => n * size.GetInt32());
            Assert.Equal(views, island.RootElement.GetProperty("views").GetArrayLength());
            Assert.All(island.RootElement.GetProperty("views").EnumerateArray(), view => Assert.True(view.GetProperty("data").GetArrayLength() > 0));
            JsonElement layout = island.RootElement.GetProperty("layout");
            Assert.True(AxisTitles(layout).All(t => t.Length > 0), id);
        }
    }

    [Fact]
    public void Each_row_is_drawn_in_each_chart_of_rows()
    {
        CompareResult result = SampleResult.Make();
        string html = Page(result);
        foreach (string id in new[] { "trade-off", "loss", "gini", "lorenz" })
        {
            string figure = Figure(html, id);
            using JsonDocument island = Island(figure);
            string[] drawn = [.. island.RootElement.GetProperty("views")[0].GetProperty("data").EnumerateArray().Select(t => t.GetProperty("name").GetString()!)];
            Assert.All(result.Rows, row => Assert.Contains(row.Name, drawn));
            Assert.Equal(result.Rows.Count, Regex.Count(figure, "aria-pressed=\"true\""));
        }

        using JsonDocument load = Island(Figure(html, "load"));
        Assert.Equal(result.Rows.Count, load.RootElement.GetProperty("views")[0].GetProperty("data").GetArrayLength());
    }

    [Fact]
    public void The_choosable_charts_have_a_view_for_each_row_and_layer()
    {
        string html = Page(SampleResult.Make(layers: 3, rows: 4));
        foreach (string id in new[] { "load-over-time", "domains" })
        {
            using JsonDocument island = Island(Figure(html, id));
            Assert.Equal(12, island.RootElement.GetProperty("views").GetArrayLength());
        }
    }

    [Fact]
    public void Many_domains_are_the_largest_and_the_rest()
    {
        string figure = Figure(Page(SampleResult.Make(domains: 60, rows: 2)), "domains");
        using JsonDocument island = Island(figure);
        JsonElement map = island.RootElement.GetProperty("views")[0].GetProperty("data")[0];
        Assert.Equal(21, map.GetProperty("z").GetArrayLength());
        Assert.Equal("40 others", map.GetProperty("y")[20].GetString());
        Assert.All(map.GetProperty("z").EnumerateArray(), line => Assert.Equal(1, line.EnumerateArray().Sum(v => v.GetDouble()), tolerance: 0.005));
        Assert.Contains("Of 60 domains the 20 largest", figure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_marks_the_best_and_can_be_sorted()
    {
        string html = Page(SampleResult.Make(seeds: 3));
        string table = html[html.IndexOf("<table", StringComparison.Ordinal)..html.IndexOf("</table>", StringComparison.Ordinal)];
        Assert.Equal(11 + 2, Regex.Count(table, "<tr"));
        string mlp = table.Split("<tr").Single(l => l.Contains("data-value=\"mlp\"", StringComparison.Ordinal));
        Assert.Matches("<td data-value=\"1\\.6089\"><span class=\"best\">1\\.6089 &#177; 0\\.00\\d\\d<span", mlp);
        int heads = Regex.Count(table, "aria-sort=\"none\"");
        Assert.Equal(heads, Regex.Count(table, "class=\"sort\""));
        Assert.All(table.Split("<tr data-row").Skip(1), line => Assert.Equal(heads, Regex.Count(line, "<t[dh]\\b")));
        Assert.Contains("<span class=\"unit\">nats</span>", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_out_of_the_data_stay_text()
    {
        const string Evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&$x^2$<b>";
        CompareResult result = SampleResult.Make(rows: 3);
        CompareResult hostile = result with
        {
            Preset = Evil,
            Command = Evil,
            Machine = new MachineInfo(Evil, Evil, Evil, 2, Evil, Evil, Evil),
            Corpus = result.Corpus with { Name = Evil, Path = Evil, Domains = [.. result.Corpus.Domains.Select(d => d + Evil)] },
            Rows = [.. result.Rows.Select(r => r with { Name = r.Name + Evil, Selector = r.Name + Evil })],
        };
        string clean = Page(result);
        string html = Page(hostile);
        Assert.Equal(Regex.Count(clean, "<script"), Regex.Count(html, "<script"));
        Assert.Equal(Regex.Count(clean, "</script"), Regex.Count(html, "</script"));
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<b>", html.Replace("<b>+", string.Empty).Replace("<b>−", string.Empty).Replace("<b>&", string.Empty), StringComparison.OrdinalIgnoreCase);
        using JsonDocument island = Island(Figure(html, "loss"));
        string name = island.RootElement.GetProperty("views")[0].GetProperty("data")[0].GetProperty("name").GetString()!;
        Assert.DoesNotContain('<', name);
        Assert.Contains("&lt;script&gt;", name, StringComparison.Ordinal);
        using JsonDocument domains = Island(Figure(html, "domains"));
        Assert.All(domains.RootElement.GetProperty("views")[0].GetProperty("data")[0].GetProperty("y").EnumerateArray(), y => Assert.DoesNotContain('<', y.GetString()!));
    }

    [Fact]
    public void Formulas_in_names_are_defused_in_the_data_as_text()
    {
        CompareResult result = SampleResult.Make(rows: 2);
        string csv = Csv(Figure(Page(result with { Rows = [result.Rows[0] with { Name = "=1+1,\"x\"" }, result.Rows[1]] }), "trade-off"));
        Assert.Contains("\n\"'=1+1,\"\"x\"\"\",0.", csv, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_that_are_not_finite_leave_the_page_whole(double bad)
    {
        CompareResult result = SampleResult.Make(rows: 3);
        CompareRow row = result.Rows[0];
        CompareRow broken = row with
        {
            TrainLoss = bad,
            TestLoss = bad,
            Perplexity = bad,
            Gini = bad,
            GiniWorstLayer = bad,
            MinMax = bad,
            Cv = bad,
            RouterMicrosecondsPerToken = bad,
            TokensPerSecond = bad,
            Seconds = bad,
            Specialisation = bad,
            Deviation = new Dictionary<string, double> { ["testLoss"] = bad },
            Layers = [.. row.Layers.Select(l => l with { Gini = bad, Specialisation = bad, SpecialisationNats = bad })],
            History = [.. row.History.Select(p => p with { Loss = bad, TestLoss = bad, Gini = [bad, bad], Load = [.. p.Load.Select(_ => (IReadOnlyList<double>)[bad, 1, 2])] })],
        };
        foreach (CompareResult sick in new[] { result with { Rows = [broken, .. result.Rows.Skip(1)] }, result with { Rows = [broken] }, result with { Rows = [result.Rows[1], broken] } })
        {
            string html = Page(sick);
            foreach (string id in ChartIds(html))
            {
                using JsonDocument island = Island(Figure(html, id));
                Assert.True(island.RootElement.GetProperty("views").GetArrayLength() > 0);
            }

            Assert.DoesNotMatch(@"\bNaN\b|Infinity|∞", html);
        }
    }

    [Fact]
    public void A_single_trained_run_is_a_report_too()
    {
        string html = Page(SampleResult.Make(rows: 1));
        Assert.Contains("<h1>Routing of linear</h1>", html, StringComparison.Ordinal);
        Assert.Equal(["loss", "gini", "lorenz", "load", "load-over-time", "domains", "router-cost"], ChartIds(html));
        Assert.DoesNotContain("Δ linear", html, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_not_recorded_is_left_out()
    {
        CompareResult result = SampleResult.Make(rows: 3);
        CompareResult bare = result with { Corpus = result.Corpus with { Domains = [] }, Rows = [.. result.Rows.Select(r => r with { Layers = [], History = [] })] };
        Assert.Equal(["trade-off", "router-cost"], ChartIds(Page(bare)));
        CompareResult idle = result with { Rows = [.. result.Rows.Select(r => r with { Layers = [.. r.Layers.Select(l => l with { Load = new long[16], DomainLoad = [.. l.DomainLoad.Select(_ => new long[16])] })] })] };
        Assert.Contains("domains", ChartIds(Page(idle)));
    }

    [Fact]
    public void Nothing_to_report_is_an_error() =>
        Assert.Throws<ArgumentException>(() => CompareReport.Render(SampleResult.Make() with { Rows = [] }));

    private static string Page(CompareResult result) => CompareReport.Page(result, string.Empty);

    private static string[] ChartIds(string html) => [.. ChartId().Matches(html).Select(m => m.Groups[1].Value)];

    private static string Figure(string html, string id)
    {
        int start = html.IndexOf($"id=\"{id}\" aria-labelledby", StringComparison.Ordinal);
        Assert.True(start >= 0, id);
        return html[start..html.IndexOf("</figure>", start, StringComparison.Ordinal)];
    }

    private static JsonDocument Island(string figure)
    {
        const string Open = "<script type=\"application/json\" class=\"figure\">";
        int start = figure.IndexOf(Open, StringComparison.Ordinal) + Open.Length;
        string json = figure[start..figure.IndexOf("</script>", start, StringComparison.Ordinal)];
        Assert.DoesNotContain('<', json);
        return JsonDocument.Parse(json);
    }

    private static string Csv(string figure)
    {
        int start = figure.IndexOf('>', figure.IndexOf("<pre", StringComparison.Ordinal)) + 1;
        return System.Net.WebUtility.HtmlDecode(figure[start..figure.IndexOf("</pre>", start, StringComparison.Ordinal)]);
    }

    private static IEnumerable<string> AxisTitles(JsonElement layout) =>
        layout.EnumerateObject().Where(p => p.Name.Contains("axis", StringComparison.Ordinal) && p.Value.TryGetProperty("title", out _)).Select(p => p.Value.GetProperty("title").GetProperty("text").GetString()!);

    [GeneratedRegex("<figure class=\"chart[^\"]*\" id=\"([^\"]+)\"", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex ChartId();
}
