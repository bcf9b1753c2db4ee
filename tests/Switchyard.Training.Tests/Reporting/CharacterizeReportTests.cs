using System.Text.Json;
using System.Text.RegularExpressions;
using Switchyard.Metrics;
using Switchyard.Training.Characterizing;
using Switchyard.Training.Reporting;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Profiles;

namespace Switchyard.Training.Tests.Reporting;

/// <summary>Table and report of a characterisation, from invented figures.</summary>
public sealed class CharacterizeReportTests
{
    private static readonly string[] s_charts = ["trade-off", "latency", "parameters", "gains", "sparsity", "lorenz", "load"];

    [Fact]
    public void The_page_has_its_charts_each_with_heading_sentence_units_data_and_a_figure()
    {
        string html = Page(Sample());
        Assert.Equal(s_charts, Regex.Matches(html, "<figure class=\"chart[^\"]*\" id=\"([^\"]+)\"").Select(m => m.Groups[1].Value));
        foreach (string id in s_charts)
        {
            string figure = html[html.IndexOf($"id=\"{id}\"", StringComparison.Ordinal)..];
            figure = figure[..figure.IndexOf("</figure>", StringComparison.Ordinal)];
            Assert.Matches("<p class=\"lead\">.{40,}</p>", figure);
            Assert.Contains("data-save=\"svg\"", figure, StringComparison.Ordinal);
            using JsonDocument island = JsonDocument.Parse(Regex.Match(figure, "<script type=\"application/json\" class=\"figure\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value);
            Assert.True(island.RootElement.GetProperty("views")[0].GetProperty("data").GetArrayLength() > 0, id);
            Assert.True(Regex.Match(figure, "<pre class=\"data\"[^>]*>(.*?)</pre>", RegexOptions.Singleline).Groups[1].Value.Split('\n').Length > 3, id);
        }
    }

    [Fact]
    public void Latency_is_drawn_on_logarithmic_axes_and_gives_the_linear_router_beside_it()
    {
        string html = Page(Sample());
        string figure = html[html.IndexOf("id=\"latency\"", StringComparison.Ordinal)..];
        Assert.Contains("\"type\":\"log\"", figure[..figure.IndexOf("</figure>", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.Contains("mlp,1024,0.9,0.3,3", figure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_findings_say_what_the_figures_do()
    {
        string html = Page(Sample());
        string summary = System.Net.WebUtility.HtmlDecode(Regex.Replace(html[html.IndexOf("id=\"summary\"", StringComparison.Ordinal)..html.IndexOf("id=\"table\"", StringComparison.Ordinal)], "<[^>]+>", string.Empty));
        Assert.Contains("mlp has the lowest loss, 4.3900 nats", summary, StringComparison.Ordinal);
        Assert.Contains("−0.0100 beside the original’s 4.4000", summary, StringComparison.Ordinal);
        Assert.Contains("mlp takes 3.0× the time of the linear router", summary, StringComparison.Ordinal);
        Assert.Contains("mlp has 2.00 k parameters, 20× those of linear, for 0.0300 nats less", summary, StringComparison.Ordinal);
        Assert.Contains("hash: does not fit", summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_out_of_files_are_text_and_never_tags()
    {
        CharacterizeResult sample = Sample();
        string html = Page(sample with { Model = sample.Model with { Name = "<img src=x>" }, Rows = [sample.Rows[0], sample.Rows[1] with { Name = "</script><b>" }] });
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.DoesNotContain("</script><b>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http:", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(200)]
    public void The_terminal_table_shows_as_many_columns_as_fit(int width)
    {
        string table = CharacterizeTable.Render(Sample(), width);
        Assert.All(table.Split('\n'), line => Assert.True(line.Length <= width, line));
        Assert.Contains("4.3900*", table, StringComparison.Ordinal);
        Assert.Contains("Left out: hash: does not fit.", table, StringComparison.Ordinal);
        Assert.Contains("Gini", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Masked_tokens_and_the_dense_loss_are_named()
    {
        CharacterizeResult masked = Sample() with { Masked = true, DenseLoss = 3.25 };
        Assert.Contains("masked tokens judged", CharacterizeTable.Render(masked, 120), StringComparison.Ordinal);
        Assert.Contains("loss 3.2500", CharacterizeTable.Render(masked, 120), StringComparison.Ordinal);
        Assert.Contains("nats a masked token", Page(masked), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_without_rows_is_refused() =>
        Assert.Throws<ArgumentException>(() => CharacterizeReport.Page(Sample() with { Rows = [] }, string.Empty));

    internal static CharacterizeResult Sample() => new()
    {
        Created = new DateTimeOffset(2026, 3, 14, 9, 26, 0, TimeSpan.Zero),
        Machine = TinyModel.Machine,
        Command = "switchyard characterize model --text a --judge b",
        Config = new CharacterizeConfig { Reroute = new RerouteConfig { Model = "model", Corpus = "a.txt" }, Judge = "b.txt", LatencyTokens = [1, 1024] },
        Model = new ProfileModel("model", "/models/model", "tokenizer.json", 256, 16, 2, 2, 4, 2, 8, 10_000, 5_000),
        Judged = new ProfileText("b.txt", "/b.txt", 1, 1000, 64, 64, ["text"]),
        Targets = 984,
        Rows =
        [
            Row(CharacterizeRow.Original, "linear", 4.40, 4.40, 100, 1, [70, 10, 10, 10]),
            Row("linear", "linear", 4.42, 5.10, 100, 1, [40, 30, 20, 10]),
            Row("mlp", "mlp", 4.39, 5.30, 2000, 3, [26, 25, 25, 24]),
        ],
        LeftOut = [new LeftOutRouter("hash", "does not fit")],
    };

    private static CharacterizeRow Row(string name, string router, double loss, double untrained, long parameters, double ratio, long[] load)
    {
        LoadStatistics balance = LoadStatistics.Of(load, 8);
        ProfileLayer layer = new()
        {
            Load = load,
            SoftLoad = [.. load.Select(n => (double)n)],
            DomainLoad = [load],
            ImbalanceCost = [],
            Gini = balance.Gini,
            MinMax = balance.MinMax,
            RoutingEntropy = 1.1,
            Utilisation = 1,
        };
        ScoreSparsity sparsity = new(0.25, 3, 0.3 + (ratio / 10));
        return new CharacterizeRow
        {
            Name = name,
            Router = router,
            Selector = "softmax-topk",
            Balance = "none",
            LayerRouterParameters = parameters / 2,
            RouterParameters = parameters,
            Latency = [new RouterLatency(1, 20 * ratio, 20), new RouterLatency(1024, 0.3 * ratio, 0.3)],
            LossUntrained = untrained,
            LossAtStart = (loss + untrained) / 2,
            Loss = loss,
            Gini = layer.Gini,
            GiniWorstLayer = layer.Gini,
            MinMax = layer.MinMax,
            LoadEntropy = balance.LoadEntropy,
            Utilisation = 1,
            RoutingEntropy = 1.1,
            Sparsity = sparsity,
            AgreementAtStart = 0.9,
            Agreement = 0.8,
            Steps = 60,
            SecondsPerStep = 0.5,
            Seconds = 30,
            Layers = [layer, layer with { Layer = 1 }],
            LayerSparsity = [sparsity, sparsity],
        };
    }

    private static string Page(CharacterizeResult result) => CharacterizeReport.Page(result, "/* plotly */");
}
