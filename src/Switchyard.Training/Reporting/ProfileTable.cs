using System.Text;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>A profile as plain text for a terminal: what was read, a line a layer, a line a domain, and the diagnosis; with another profile, both side by side.</summary>
public static class ProfileTable
{
    private const int MostDomains = 12;

    /// <summary>Renders the tables and the diagnosis, ending in a line feed.</summary>
    /// <param name="result">The profile.</param>
    /// <param name="other">Another profile to show beside it, or null.</param>
    /// <param name="width">Characters of a line.</param>
    public static string Render(ProfileResult result, ProfileResult? other = null, int width = 120)
    {
        StringBuilder text = new();
        text.Append(Head(result)).Append('\n');
        if (other is not null)
        {
            text.Append(Head(other)).Append('\n').Append('\n').Append(SideBySide(result, other, width));
        }

        text.Append('\n').Append(Layers(result, other, width));
        if (result.Domains.Count > 1)
        {
            text.Append('\n').Append(Domains(result, width));
        }

        text.Append('\n').Append(Words(result, other is null ? "Diagnosis" : $"Diagnosis of {Names(result, other).First}", width));
        if (other is not null)
        {
            text.Append('\n').Append(Words(other, $"Diagnosis of {Names(result, other).Second}", width));
        }

        return text.ToString();
    }

    private static string Head(ProfileResult result) =>
        $"{TextTable.Printable(result.Model.Name, 60)} on {TextTable.Printable(result.Text.Name, 60)}: loss {Figures.Fixed(result.Loss, 4)} nats a token, perplexity {Figures.Fixed(result.Perplexity, 3)} over {Figures.Count(result.Targets)} targets; {Figures.Count(result.Text.Tokens)} tokens, {result.Model.Experts} experts, top {result.Model.TopK}, in {result.Model.MoeLayers} layers; {Figures.Duration(result.Seconds)}{(result.ExpertCache is { } cache ? $"\nexpert cache: {ExpertCacheText.Of(cache)}" : string.Empty)}";

    /// <summary>Names of two profiles that differ even where their models are called alike.</summary>
    internal static (string First, string Second) Names(ProfileResult first, ProfileResult second)
    {
        (string a, string b) = (TextTable.Printable(first.Model.Name), TextTable.Printable(second.Model.Name));
        return a == b ? (a, $"{b} (other)") : (a, b);
    }

    private static string SideBySide(ProfileResult result, ProfileResult other, int width)
    {
        (string first, string second) = Names(result, other);
        List<string[]> rows = [Row("loss", result.Loss, other.Loss), Row("perplexity", result.Perplexity, other.Perplexity)];
        rows.AddRange(result.Figures.Select(f => Row(f.Name, f.Mean, other.Figure(f.Name)?.Mean ?? double.NaN)));
        rows.AddRange(result.Diagnosis.Cost.Zip(other.Diagnosis.Cost, (a, b) => Row($"cost on {a.Devices} devices", a.Cost, b.Cost)));
        return TextTable.Render(["mean over layers", first, second, "difference"], rows, width);

        static string[] Row(string name, double a, double b) => [name, Text(a), Text(b), Figures.Signed(b - a, 4)];

        static string Text(double value) => value is > 0 and < 0.0005 ? Figures.Ratio(value) : Figures.Fixed(value, 4);
    }

    private static string Layers(ProfileResult result, ProfileResult? other, int width)
    {
        List<string[]> rows = [];
        foreach (ProfileLayer layer in result.Layers)
        {
            rows.Add(Row(result, layer, other is null ? $"layer {layer.Layer}" : $"layer {layer.Layer}  {TextTable.Printable(result.Model.Name, 24)}"));
            if (other?.Layers.FirstOrDefault(l => l.Layer == layer.Layer) is { } beside)
            {
                rows.Add(Row(other, beside, $"         {Names(result, other).Second}"));
            }
        }

        return TextTable.Render([string.Empty, "health", .. ProfileColumn.All.Select(c => c.Title)], rows, width);

        static string[] Row(ProfileResult of, ProfileLayer layer, string name) =>
            [name, of.Diagnosis.Layers.FirstOrDefault(d => d.Layer == layer.Layer)?.Health.ToString().ToLowerInvariant() ?? Figures.Missing, .. ProfileColumn.All.Select(c => c.Text(layer))];
    }

    private static string Domains(ProfileResult result, int width)
    {
        ProfileDomain[] largest = [.. result.Domains.OrderByDescending(d => d.Tokens).Take(MostDomains)];
        string table = TextTable.Render(
            ["domain", "documents", "tokens", "loss", "perplexity", "Gini", "min÷max", "locality"],
            [.. largest.Select(d => (string[])
            [
                TextTable.Printable(d.Name), Figures.Count(d.Documents), Figures.Count(d.Tokens), Figures.Fixed(d.Loss, 4), Figures.Fixed(d.Perplexity, 2),
                Figures.Ratio(d.Layers.Average(l => l.Gini)), Figures.Ratio(d.Layers.Average(l => l.MinMax)), Figures.Percent(d.Order.Locality.Share),
            ])],
            width);
        return largest.Length < result.Domains.Count ? $"{table}and {result.Domains.Count - largest.Length} smaller ones\n" : table;
    }

    private static string Words(ProfileResult result, string title, int width)
    {
        int line = Math.Min(width, 110);
        return string.Concat(result.Diagnosis.Findings.Select(f => TextTable.Wrap(f, "  ", line)).Prepend(title + "\n"))
            + (result.Diagnosis.Advice.Count == 0 ? string.Empty : string.Concat(result.Diagnosis.Advice.Select(a => TextTable.Wrap(a, "  - ", line)).Prepend("What would be tried\n")));
    }
}
