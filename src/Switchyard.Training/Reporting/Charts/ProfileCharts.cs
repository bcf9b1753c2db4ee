using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>The charts of one or two profiles.</summary>
internal static class ProfileCharts
{
    /// <summary>Lines of the legend: the profiles, then the replacement policies.</summary>
    public static IReadOnlyList<LegendEntry> Entries(IReadOnlyList<ProfileResult> profiles) =>
        [.. Names(profiles).Concat(CacheCurves.Policies).Select((name, i) => new LegendEntry(name, new RowStyle(i + 1)))];

    public static IReadOnlyList<ReportChart> Of(IReadOnlyList<ProfileResult> profiles)
    {
        IReadOnlyList<LegendEntry> entries = Entries(profiles);
        CompareResult rows = AsComparison(profiles);
        return
        [
            .. new[]
            {
                LoadMaps.Of(rows),
                DomainMap.Of(rows),
                LorenzCurves.Of(rows),
                CoActivationMap.Of(profiles, entries),
                LocalityLines.Of(profiles, entries),
                WorkingSets.Of(profiles, entries),
                CoverageCurves.Of(profiles, entries),
                CacheCurves.Of(profiles, entries),
            }.OfType<ReportChart>(),
        ];
    }

    private static IEnumerable<string> Names(IReadOnlyList<ProfileResult> profiles) =>
        profiles.Select((p, i) => i == 0 ? p.Model.Name : ProfileTable.Names(profiles[0], p).Second);

    /// <summary>Profiles as rows of a comparison, so that its charts of loads draw them. Pairs by domain are left out of a profile of other domains than the first.</summary>
    private static CompareResult AsComparison(IReadOnlyList<ProfileResult> profiles)
    {
        ProfileResult first = profiles[0];
        bool severalDomains = first.Text.Domains.Count > 1;
        ProfileModel model = first.Model;
        return new CompareResult
        {
            Machine = first.Machine,
            Preset = string.Empty,
            Command = first.Command,
            Corpus = new CorpusInfo(first.Text.Name, first.Text.Path, first.Text.Documents, 0, first.Text.Tokens, severalDomains ? first.Text.Domains : []),
            Model = new ModelInfo(model.HiddenSize, model.Layers, model.Experts, model.TopK, model.InnerSize, first.Text.Context, first.Text.Context, 0, []),
            Rows = [.. profiles.Zip(Names(profiles), (p, name) => Row(p, name, p.Text.Domains.SequenceEqual(first.Text.Domains, StringComparer.Ordinal)))],
        };
    }

    private static CompareRow Row(ProfileResult profile, string name, bool domains) => new()
    {
        Name = name,
        Router = string.Empty,
        Selector = string.Empty,
        Balance = string.Empty,
        TestLoss = profile.Loss,
        Perplexity = profile.Perplexity,
        Gini = profile.Layers.Average(l => l.Gini),
        MinMax = profile.Layers.Average(l => l.MinMax),
        Layers = domains ? profile.Layers : [.. profile.Layers.Select(l => l with { DomainLoad = [] })],
        History = [],
    };
}
