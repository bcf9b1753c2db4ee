using Switchyard.Metrics;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Profiles;

public sealed class DiagnosisTests
{
    [Fact]
    public void An_even_layer_is_healthy_and_nothing_is_advised_for_it()
    {
        Diagnosis diagnosis = Diagnose([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]);
        Assert.Equal(LayerHealth.Healthy, diagnosis.Layers[0].Health);
        Assert.Empty(diagnosis.Layers[0].Reasons);
        Assert.Equal([1.0, 1.0, 1.0], diagnosis.Cost.Select(c => c.Cost));
        Assert.DoesNotContain(diagnosis.Advice, a => a.Contains("Reroute", StringComparison.Ordinal) || a.Contains("Prune", StringComparison.Ordinal) || a.Contains("Place", StringComparison.Ordinal));
    }

    [Fact]
    public void Starved_experts_make_a_layer_sick_and_are_named()
    {
        Diagnosis diagnosis = Diagnose([2000, 1500, 5, 1500, 1500, 0, 1500, 1500]);
        Assert.Equal(LayerHealth.Sick, diagnosis.Layers[0].Health);
        Assert.Equal([2, 5], diagnosis.Layers[0].Starved);
        Assert.Contains(diagnosis.Advice, a => a.StartsWith("Prune the 2 starved experts (layer 0: 2 and 5)", StringComparison.Ordinal) && a.Contains("switchyard prune MODEL --keep 6 --by reap", StringComparison.Ordinal));
        Assert.Contains(diagnosis.Advice, a => a.StartsWith("Reroute", StringComparison.Ordinal) && a.Contains("switchyard reroute MODEL --router linear --balance dual", StringComparison.Ordinal));
    }

    [Fact]
    public void Few_tokens_make_no_expert_starved() => Assert.Empty(Diagnose([3, 2, 0, 1, 4, 2, 0, 1]).Layers[0].Starved);

    [Fact]
    public void The_worst_layer_comes_first()
    {
        Diagnosis diagnosis = Diagnose([1000, 1000, 1000, 1000], [4000, 10, 10, 10], [2000, 1000, 700, 300]);
        Assert.Equal([1, 2, 0], diagnosis.Layers.Select(l => l.Layer));
        Assert.Equal([LayerHealth.Sick, LayerHealth.Uneven, LayerHealth.Healthy], diagnosis.Layers.Select(l => l.Health));
        Assert.StartsWith("1 of 3 layers sick (1), 1 of 3 layers uneven (2), 1 of 3 layers healthy (0).", diagnosis.Findings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Experts_that_serve_the_same_tokens_are_found_and_chance_is_not()
    {
        // 1000 tokens, top 2: experts 0 and 1 always together on half of them, 2 and 3 on the other half.
        long[] load = [500, 500, 500, 500];
        long[][] shared = [[0, 500, 0, 0], [500, 0, 0, 0], [0, 0, 0, 500], [0, 0, 500, 0]];
        Diagnosis diagnosis = Diagnose([load], [shared]);
        Assert.Contains(diagnosis.Layers[0].Reasons, r => r.StartsWith("experts 0 and 1 serve the same tokens: 100 %", StringComparison.Ordinal));
        long[][] chance = [[0, 167, 167, 166], [167, 0, 166, 167], [167, 166, 0, 167], [166, 167, 167, 0]];
        Assert.Empty(Diagnose([load], [chance]).Layers[0].Reasons);
    }

    [Fact]
    public void An_expert_beyond_a_devices_share_is_to_be_replicated() =>
        Assert.Contains(Diagnose([4000, 1000, 1000, 1000, 500, 300, 200, 100]).Advice, a => a.StartsWith("Replicate the busiest experts: expert 0 of layer 0 alone has 49 %", StringComparison.Ordinal));

    [Theory]
    [InlineData(new long[] { 9, 1, 1, 9 }, 2, 1.0)]
    [InlineData(new long[] { 9, 9, 1, 1 }, 2, 1.0)]
    [InlineData(new long[] { 5, 4, 3, 2, 1 }, 2, 1.0667)]
    [InlineData(new long[] { 7 }, 4, 4.0)]
    [InlineData(new long[] { 0, 0 }, 2, 1.0)]
    public void Placed_by_load_the_heaviest_expert_goes_first_to_the_lightest_device(long[] load, int devices, double cost) =>
        Assert.Equal(cost, ExpertPlacement.Placed(load, devices), 3);

    private static Diagnosis Diagnose(params long[][] loads) => Diagnose(loads, null);

    private static Diagnosis Diagnose(long[][] loads, long[][][]? shared)
    {
        LayerStatistics[] statistics =
        [
            .. loads.Select((load, i) => new LayerStatistics
            {
                Layer = i,
                Tokens = load.Sum() / 2,
                Batches = 1,
                Load = load,
                Balance = LoadStatistics.Of(load),
                DroppedPairs = 0,
                RoutingEntropy = 0.5 * Math.Log(load.Length),
                CoActivation = shared?[i] ?? load.Select(_ => new long[load.Length]).ToArray(),
            }),
        ];
        ProfileLayer[] layers = [.. statistics.Select(s => ProfileFigures.Layer(s, 0, null))];
        OrderResult order = new() { WorkingSet = [], Coverage = [], CacheCurve = new CacheResult(0, 0, []) };
        ProfileModel model = new("m", "/m", "UTF-8 bytes", 256, 16, loads.Length, loads.Length, loads[0].Length, 2, 8, 10_000, 5_000);
        return ProfileDiagnosis.Of(layers, [.. statistics.Select(ProfileFigures.CoActivation)], order, model);
    }
}
