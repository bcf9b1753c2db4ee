using CsCheck;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Tests.Metrics;

public sealed class LoadRecorderTests
{
    [Fact]
    public void Counts_weights_pairs_and_drops_add_up_over_batches()
    {
        using var scope = NewDisposeScope();
        LoadRecorder recorder = new();

        recorder.Observe(Observation([[0, 1], [0, 2]], [[0.75f, 0.25f], [0.5f, 0.5f]], experts: 4, drops: 1));
        recorder.Observe(Observation([[3, -1]], [[1f, 0f]], experts: 4));

        LayerStatistics s = recorder.Statistics()[0];
        Assert.Equal([2, 1, 1, 1], s.Load);
        Assert.Equal([1.25, 0.25, 0.5, 1], s.SoftLoad!);
        Assert.Equal(3, s.Tokens);
        Assert.Equal(5, s.Pairs);
        Assert.Equal(0.2, s.DropRate);
        Assert.Equal(2, s.Batches);
        Assert.Equal((LoadMetrics.Gini([2L, 1, 1, 0]) + LoadMetrics.Gini([0L, 0, 0, 1])) / 2, s.GiniPerBatch!.Value, 1e-15);
        Assert.Equal(0, s.MinMaxPerBatch);
        Assert.Equal([0, 1, 1, 0], s.CoActivation![0]);
        Assert.Equal([1, 0, 0, 0], s.CoActivation[2]);
    }

    [Fact]
    public void Masked_tokens_take_part_in_nothing()
    {
        using var scope = NewDisposeScope();
        Tensor scores = randn(6, 8);
        Tensor mask = tensor(new[] { true, false, true, true, false, true });
        LoadRecorderOptions options = new() { Domains = 2 };
        LoadRecorder masked = new(options) { CurrentDomains = [0, 1] };
        LoadRecorder without = new(options) { CurrentDomains = [0, 0, 1, 1] };

        masked.Observe(Observation(scores, 3) with { Context = new RoutingContext { TokenMask = mask, SequenceLength = 3 } });
        without.Observe(Observation(scores[mask], 3));

        AssertSame(without.Statistics()[0], masked.Statistics()[0]);
    }

    [Fact]
    public void Scores_of_minus_infinity_count_as_probability_zero()
    {
        using var scope = NewDisposeScope();
        float none = float.NegativeInfinity;
        LoadRecorder recorder = new();

        recorder.Observe(Observation(tensor(new[,] { { 1f, 1f, none, none }, { none, none, none, none } }), 1));

        LayerStatistics s = recorder.Statistics()[0];
        Assert.Equal(Math.Log(2), s.RoutingEntropy!.Value, 1e-12);
        Assert.Equal(0, s.Margin!.Value);
    }

    [Fact]
    public void Entropy_and_margin_agree_with_torch() => Gen.Select(Gen.Int[2, 20], Gen.Int[1, 5], Gen.Int[1, 30], Gen.Long[0, 1 << 20]).Sample(
        (experts, k, tokens, seed) =>
        {
            using var scope = NewDisposeScope();
            manual_seed(seed);
            int chosen = Math.Min(k, experts - 1);
            Tensor scores = randn(tokens, experts, ScalarType.Float64) * 3;
            Tensor p = nn.functional.softmax(scores, 1);
            Tensor sorted = scores.sort(1, descending: true).Values;
            double entropy = -(p * p.log()).sum(1).mean().item<double>();
            double margin = (sorted[TensorIndex.Colon, chosen - 1] - sorted[TensorIndex.Colon, chosen]).mean().item<double>();
            LoadRecorder recorder = new();

            recorder.Observe(Observation(scores, chosen));

            Assert.Equal(entropy, recorder.Statistics()[0].RoutingEntropy!.Value, 1e-9);
            Assert.Equal(margin, recorder.Statistics()[0].Margin!.Value, 1e-9);
        },
        iter: 50);

    [Fact]
    public void Two_recorders_merged_are_the_recorder_of_the_whole()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        LoadRecorderOptions options = new() { Domains = 3 };
        LoadRecorder whole = new(options);
        LoadRecorder[] parts = [new(options), new(options)];
        for (int batch = 0; batch < 7; batch++)
        {
            int[] domains = [batch % 3, (batch + 1) % 3, -1];
            Tensor scores = randn(12, 10);
            foreach (LoadRecorder recorder in (LoadRecorder[])[whole, parts[batch % 2]])
            {
                recorder.CurrentDomains = domains;
                recorder.Observe(Observation(scores, 2) with { Layer = batch % 4, DroppedPairs = batch, Context = new RoutingContext { SequenceLength = 4 } });
            }
        }

        parts[0].Merge(parts[1]);

        Assert.Equal([0, 1, 2, 3], parts[0].Layers);
        Assert.Equal(21, parts[0].DroppedPairs);
        foreach ((LayerStatistics expected, LayerStatistics actual) in whole.Statistics().Zip(parts[0].Statistics()))
        {
            AssertSame(expected, actual);
        }
    }

    [Fact]
    public void Only_loads_are_recorded_where_only_loads_are_asked_for()
    {
        using var scope = NewDisposeScope();
        Tensor scores = randn(20, 6);
        LoadRecorder all = new();
        LoadRecorder loads = new(LoadRecorderOptions.LoadOnly);

        all.Observe(Observation(scores, 2));
        loads.Observe(Observation(scores, 2));

        LayerStatistics s = loads.Statistics()[0];
        Assert.Equal(all.Statistics()[0].Load, s.Load);
        Assert.Equal(20, s.Tokens);
        Assert.All([s.GiniPerBatch, s.MinMaxPerBatch, s.RoutingEntropy, s.Margin, s.SoftGini, s.Specialisation?.Nats], Assert.Null);
        Assert.Null(s.CoActivation);
    }

    [Fact]
    public void Views_and_other_types_are_read_as_their_values()
    {
        using var scope = NewDisposeScope();
        Tensor wide = randn(10, 12);
        Tensor half = wide[TensorIndex.Ellipsis, TensorIndex.Slice(2, 8)];
        LoadRecorder views = new();
        LoadRecorder copies = new();
        RoutingObservation observation = Observation(half, 2);

        views.Observe(observation with { Assignment = new Assignment(observation.Assignment.Experts.t().contiguous().t(), observation.Assignment.Weights.requires_grad_()) });
        copies.Observe(observation with { Scores = half.clone() });

        AssertSame(copies.Statistics()[0], views.Statistics()[0]);
    }

    [Fact]
    public void No_tensor_is_kept()
    {
        using var scope = NewDisposeScope();
        RoutingObservation observation = Observation(randn(16, 8), 2) with { Context = new RoutingContext { TokenMask = ones(16, ScalarType.Bool) } };
        LoadRecorder recorder = new();
        recorder.Observe(observation);
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        for (int i = 0; i < 1000; i++)
        {
            recorder.Observe(observation);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Clearing_begins_another_window()
    {
        using var scope = NewDisposeScope();
        LoadRecorder recorder = new();
        recorder.Observe(Observation(randn(4, 3), 1));
        recorder.Clear();
        Assert.Empty(recorder.Statistics());
        Assert.True(recorder.Load(0).IsEmpty);

        recorder.Observe(Observation([[1]], [[1f]], experts: 3));
        Assert.Equal([0, 1, 0], recorder.Load(0));
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_what_was_wrong()
    {
        using var scope = NewDisposeScope();
        LoadRecorder recorder = new(new LoadRecorderOptions { Domains = 2 });
        RoutingObservation fine = Observation(randn(6, 4), 2);
        recorder.Observe(fine);

        Refused("had 4 experts", () => recorder.Observe(Observation(randn(6, 5), 2)));
        Refused("do not fit scores", () => recorder.Observe(fine with { Scores = randn(5, 4) }));
        Refused("mask of 5", () => recorder.Observe(fine with { Context = new RoutingContext { TokenMask = ones(5, ScalarType.Bool) } }));
        Refused("expert 4", () => recorder.Observe(Observation([[4]], [[1f]], experts: 4)));
        Refused("equal options", () => recorder.Merge(new LoadRecorder()));
        recorder.CurrentDomains = [0, 1, 0, 1];
        Refused("4 domains", () => recorder.Observe(fine));
        recorder.CurrentDomains = [2];
        Refused("domain 2", () => recorder.Observe(fine));
    }

    [Fact]
    public void The_figures_of_a_model_are_the_mean_and_the_worst_of_its_layers()
    {
        using var scope = NewDisposeScope();
        LoadRecorder recorder = new(LoadRecorderOptions.LoadOnly);
        recorder.Observe(Observation([[0], [1]], [[1f], [1f]], experts: 2));
        recorder.Observe(Observation([[0], [0]], [[1f], [1f]], experts: 2) with { Layer = 1 });
        IReadOnlyList<LayerStatistics> layers = recorder.Statistics();

        Assert.Equal(0.25, MetricCatalog.All.Get("gini").Mean(layers));
        Assert.Equal(0.5, MetricCatalog.All.Get("gini").Worst(layers));
        Assert.Equal(0, MetricCatalog.All.Get("minMax").Worst(layers));
        Assert.Null(MetricCatalog.All.Get("margin").Mean(layers));
        Assert.All(MetricCatalog.All, metric => Assert.NotEmpty(metric.Summary));
    }

    private static void Refused(string part, Action action) =>
        Assert.Contains(part, Assert.Throws<ConfigurationException>(action).Message, StringComparison.Ordinal);

    private static RoutingObservation Observation(Tensor scores, int k)
    {
        (Tensor values, Tensor experts) = scores.topk(k);
        return new RoutingObservation(0, scores, new Assignment(experts, nn.functional.softmax(values, 1)), RoutingContext.None);
    }

    private static RoutingObservation Observation(long[][] chosen, float[][] weights, int experts, long drops = 0) =>
        new(
            0,
            randn(chosen.Length, experts),
            new Assignment(
                tensor([.. chosen.SelectMany(row => row)], [chosen.Length, chosen[0].Length]),
                tensor([.. weights.SelectMany(row => row)], [chosen.Length, chosen[0].Length])),
            RoutingContext.None)
        {
            DroppedPairs = drops,
        };

    private static void AssertSame(LayerStatistics expected, LayerStatistics actual)
    {
        Assert.Equal(expected.Load, actual.Load);
        Assert.Equal(expected.DomainLoad, actual.DomainLoad);
        Assert.Equal(expected.CoActivation, actual.CoActivation);
        Assert.Equal((expected.Tokens, expected.Batches, expected.DroppedPairs), (actual.Tokens, actual.Batches, actual.DroppedPairs));
        foreach (MetricEntry metric in MetricCatalog.All)
        {
            Assert.Equal(metric.Value(expected) is null, metric.Value(actual) is null);
            Assert.Equal(metric.Value(expected) ?? 0, metric.Value(actual) ?? 0, 1e-12);
        }

        Assert.All(expected.SoftLoad!.Zip(actual.SoftLoad!), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }
}
