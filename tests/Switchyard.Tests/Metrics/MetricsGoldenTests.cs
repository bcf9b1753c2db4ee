using System.Text.Json;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Metrics;

/// <summary>The reference numbers of <c>metrics/*.json</c>, each array of which is enumerated whole.</summary>
public sealed class MetricsGoldenTests
{
    public static TheoryData<string> Files => Golden.Files("metrics", "*.json");

    [Theory]
    [MemberData(nameof(Files))]
    public void Measures_of_the_load_agree_with_the_reference(string file)
    {
        foreach (JsonElement row in Read(file).GetProperty("load").EnumerateArray())
        {
            long[] load = Longs(row.GetProperty("load"));
            LoadStatistics actual = LoadStatistics.Of(load);
            string what = $"{row.GetProperty("kind")} {load.Length}";
            Near(row, "gini", actual.Gini, what);
            Near(row, "minMax", actual.MinMax, what);
            Near(row, "cv", actual.Cv, what);
            Near(row, "maxVio", actual.MaxVio, what);
            Near(row, "loadEntropy", actual.LoadEntropy, what);
            Near(row, "utilisation", actual.Utilisation, what);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Imbalance_cost_agrees_with_the_reference(string file)
    {
        foreach (JsonElement row in Read(file).GetProperty("imbalanceCost").EnumerateArray())
        {
            int devices = row.GetProperty("devices").GetInt32();
            Near(row, "contiguous", LoadMetrics.ImbalanceCost(Longs(row.GetProperty("load")), devices), $"{devices} devices");
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Specialisation_agrees_with_the_reference(string file)
    {
        JsonElement reference = Read(file).GetProperty("specialisation");
        int[] domains = [.. Longs(reference.GetProperty("domain")).Select(g => (int)g)];
        long[] experts = Longs(reference.GetProperty("expert"));
        using var scope = NewDisposeScope();
        LoadRecorder recorder = new(new LoadRecorderOptions { Domains = domains.Max() + 1 }) { CurrentDomains = domains };

        recorder.Observe(Observation(zeros(experts.Length, experts.Max() + 1), tensor(experts).view(-1, 1)));

        Specialisation actual = recorder.Statistics()[0].Specialisation!.Value;
        Near(reference, "mutualInformationNats", actual.Nats, "specialisation");
        Near(reference, "normalised", actual.Normalised, "specialisation");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Routing_entropy_and_co_activation_agree_with_the_reference(string file)
    {
        JsonElement reference = Read(file).GetProperty("routing");
        double[][] rows = [.. reference.GetProperty("probabilities").EnumerateArray().Select(r => (double[])[.. r.EnumerateArray().Select(p => p.GetDouble())])];
        using var scope = NewDisposeScope();
        Tensor scores = tensor([.. rows.SelectMany(r => r)], [rows.Length, rows[0].Length], ScalarType.Float64).log();
        LoadRecorder recorder = new();

        recorder.Observe(Observation(scores, scores.topk(reference.GetProperty("k").GetInt32()).indexes));

        LayerStatistics actual = recorder.Statistics()[0];
        Near(reference, "entropyNats", actual.RoutingEntropy!.Value, "routing entropy");
        Near(reference, "normalised", actual.RoutingEntropyNormalised!.Value, "routing entropy");
        Assert.Equal(reference.GetProperty("coActivation").EnumerateArray().Select(Longs), actual.CoActivation!);
    }

    internal static RoutingObservation Observation(Tensor scores, Tensor experts) =>
        new(0, scores, new Assignment(experts, ones_like(experts).to(ScalarType.Float32)), RoutingContext.None);

    private static JsonElement Read(string file)
    {
        Assert.SkipWhen(file.Length == 0, "no reference numbers 'metrics' found");
        return JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(Golden.Folder("metrics")!, file)));
    }

    private static long[] Longs(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt64())];

    /// <summary>Both sides sum in double: 1e-9 of the value, or 1e-12 where the value is the difference of nearly equal numbers.</summary>
    private static void Near(JsonElement row, string name, double actual, string what)
    {
        double expected = row.GetProperty(name).GetDouble();
        Assert.True(
            Math.Abs(actual - expected) <= Math.Max(1e-12, 1e-9 * Math.Abs(expected)),
            $"{what}: {name} is {actual:r}, reference {expected:r}");
    }
}
