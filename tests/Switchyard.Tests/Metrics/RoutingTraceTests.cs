using CsCheck;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Metrics;

public sealed class RoutingTraceTests
{
    private static readonly Gen<RoutingTrace> Traces =
        from layers in Gen.Int[1, 3]
        from experts in Gen.Int[2, 12]
        from slots in Gen.Int[1, Math.Min(4, experts)]
        from tokens in Gen.Int[1, 60]
        from length in Gen.Int[1, 60]
        from seed in Gen.Int[0, 1 << 20]
        select RandomTrace(layers, experts, slots, tokens, length, seed);

    [Fact]
    public void Locality_is_the_share_of_experts_that_the_token_before_used_too() => Traces.Sample(trace =>
    {
        double share = 0;
        double independent = 0;
        for (int i = 0; i < trace.Layers.Count; i++)
        {
            ushort[][] tokens = Tokens(trace, i);
            int[] following = [.. Enumerable.Range(0, trace.Tokens).Where(t => !trace.SequenceStarts.Contains(t))];
            double pairs = following.Sum(t => tokens[t].Length);
            share += pairs == 0 ? 0 : following.Sum(t => tokens[t].Intersect(tokens[t - 1]).Count()) / pairs;
            double[] used = [.. Enumerable.Range(0, trace.Experts).Select(e => tokens.Count(a => a.Contains((ushort)e)) / (double)trace.Tokens)];
            independent += used.Sum() == 0 ? 0 : used.Sum(q => q * q) / used.Sum();
        }

        Locality locality = Locality.Of(trace);

        Assert.Equal(share / trace.Layers.Count, locality.Share, 1e-12);
        Assert.Equal(independent / trace.Layers.Count, locality.Independent, 1e-12);
        Assert.InRange(locality.Share, 0, 1);
        Assert.InRange(locality.Independent, 0, 1);
    });

    [Fact]
    public void Independent_draws_share_what_independent_draws_would_share()
    {
        RoutingTrace trace = RandomTrace(1, 16, 4, 20_000, 20_000, 7, full: true);
        Locality locality = Locality.Of(trace);
        Assert.Equal(0.25, locality.Independent, 0.001);
        Assert.Equal(locality.Independent, locality.Share, 0.01);
    }

    [Fact]
    public void Tokens_that_repeat_the_one_before_are_wholly_local()
    {
        RoutingTrace trace = new([0], 8, 2, [[1, 2, 2, 1, 1, 2, 5, 6]], [0, 3]);
        Assert.Equal(1, Locality.Of(trace).Share);
    }

    [Fact]
    public void Working_set_is_the_mean_number_of_distinct_experts_over_all_runs() => Traces.Sample(trace =>
    {
        foreach (WorkingSet point in WorkingSet.Of(trace))
        {
            double expected = Enumerable.Range(0, trace.Layers.Count).Average(i =>
            {
                ushort[][] tokens = Tokens(trace, i);
                return Enumerable.Range(0, trace.Tokens - point.Tokens + 1).Average(t => tokens[t..(t + point.Tokens)].SelectMany(a => a).Distinct().Count());
            });
            Assert.Equal(expected, point.Experts, 1e-9);
        }
    });

    [Fact]
    public void Working_set_grows_with_the_run_up_to_all_experts() => Traces.Sample(trace =>
    {
        IReadOnlyList<WorkingSet> points = WorkingSet.Of(trace);
        Assert.Equal(1, points[0].Tokens);
        Assert.All(points, p => Assert.True(p.Tokens <= Math.Min(1024, trace.Tokens)));
        foreach ((WorkingSet shorter, WorkingSet longer) in points.Zip(points.Skip(1)))
        {
            Assert.Equal(2 * shorter.Tokens, longer.Tokens);
            Assert.True(longer.Experts >= shorter.Experts - 1e-9);
            Assert.True(longer.Even >= shorter.Even);
            Assert.True(longer.Experts <= trace.Experts && longer.Even <= trace.Experts);
        }
    });

    [Fact]
    public void Even_and_independent_choices_touch_what_is_expected_of_them()
    {
        IReadOnlyList<WorkingSet> points = WorkingSet.Of(RandomTrace(2, 32, 3, 30_000, 30_000, 11, full: true));
        Assert.Equal(11, points.Count);
        Assert.All(points, p => Assert.Equal(p.Even, p.Experts, 0.15));
    }

    [Fact]
    public void Coverage_keeps_the_hottest_slots_of_the_first_half_and_counts_the_second() => Traces.Sample(trace =>
    {
        int[][] requests = [.. Enumerable.Range(0, trace.Tokens).Select(t =>
            (int[])[.. Enumerable.Range(0, trace.Layers.Count).SelectMany(i => Tokens(trace, i)[t].Select(e => (i * trace.Experts) + e))])];
        int half = trace.Tokens / 2;
        int[] first = [.. requests[..half].SelectMany(r => r)];
        int[] second = [.. requests[half..].SelectMany(r => r)];
        int[] hottest = [.. Enumerable.Range(0, trace.Layers.Count * trace.Experts).OrderBy(s => -first.Count(r => r == s)).ThenBy(s => s)];
        double before = 0;
        foreach (Coverage point in Coverage.Of(trace))
        {
            int[] kept = hottest[..point.Slots];
            Assert.Equal(second.Length == 0 ? 0 : second.Count(s => kept.Contains(s)) / (double)second.Length, point.Traffic, 1e-12);
            Assert.True(point.Even >= point.Share - 1e-9 && point.Traffic >= before);
            before = point.Traffic;
        }

        Assert.Equal(second.Length == 0 ? 0 : 1, before);
    });

    [Fact]
    public void Coverage_of_named_shares_rounds_slots_up()
    {
        RoutingTrace trace = new([0], 10, 1, [[3, 3, 1, 3, 4, 1]], [0]);
        Assert.Equal([new Coverage(0, 0, 0, 0), new Coverage(0.1, 1, 1 / 3.0, 0.1), new Coverage(0.15, 2, 2 / 3.0, 0.2)], Coverage.Of(trace, [0, 0.1, 0.15]));
        Assert.Throws<ArgumentException>(() => Coverage.Of(trace, [1.5]));
    }

    [Fact]
    public void A_recorded_trace_has_every_choice_of_every_real_token()
    {
        using var scope = NewDisposeScope();
        RoutingTraceRecorder recorder = new();
        RoutingContext context = new() { SequenceLength = 2, TokenMask = tensor(new[] { false, true, true, true, false, false }) };
        foreach (int layer in (int[])[3, 1])
        {
            recorder.Observe(Seen(layer, new[,] { { 0L }, { 1 }, { 2 }, { 3 }, { 0 }, { 0 } }, context));
            recorder.Observe(Seen(layer, new[,] { { 4L, layer } }, RoutingContext.None));
        }

        RoutingTrace trace = recorder.Trace();

        Assert.Equal([1, 3], trace.Layers);
        Assert.Equal((4, 2), (trace.Tokens, trace.Slots));
        Assert.Equal([0, 1, 3], trace.SequenceStarts);
        ushort none = RoutingTrace.Empty;
        Assert.Equal([1, none, 2, none, 3, none, 4, 1], trace.Choices(0).ToArray());
        Assert.Equal([1, none, 2, none, 3, none, 4, 3], trace.Choices(1).ToArray());
        Assert.Equal([1, 2, 3, 4, 3], trace.Layer(1).Requests());
    }

    [Fact]
    public void A_trace_stops_at_its_limit_of_tokens()
    {
        using var scope = NewDisposeScope();
        RoutingTraceRecorder recorder = new(maxTokens: 3);
        recorder.Observe(Seen(0, new[,] { { 0L }, { 1 } }, RoutingContext.None));
        recorder.Observe(Seen(0, new[,] { { 2L }, { 3 } }, RoutingContext.None));
        Assert.Equal([0, 1, 2], recorder.Trace().Requests());
    }

    [Fact]
    public void Layers_that_saw_different_batches_are_refused()
    {
        using var scope = NewDisposeScope();
        RoutingTraceRecorder recorder = new();
        recorder.Observe(Seen(0, new[,] { { 0L }, { 1 } }, RoutingContext.None));
        recorder.Observe(Seen(1, new[,] { { 0L } }, RoutingContext.None));
        Assert.Throws<ConfigurationException>(recorder.Trace);
        Assert.Throws<ConfigurationException>(() => recorder.Observe(Seen(0, new[,] { { 0L } }, RoutingContext.None, of: 7)));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new RoutingTrace([0], 4, 2, [[1, 2, 3]], [0]));
        Assert.Throws<ArgumentException>(() => new RoutingTrace([0], 4, 1, [[4]], [0]));
        Assert.Throws<ArgumentException>(() => new RoutingTrace([0], 4, 1, [[1, 2]], [1]));
        Assert.Throws<ArgumentException>(() => new RoutingTrace([0], 4, 1, [[1, 2]], [0, 2]));
        Assert.Throws<ArgumentException>(() => new RoutingTrace([0, 1], 4, 1, [[1, 2], [1]], [0]));
    }

    [Fact]
    public void A_trace_of_nothing_has_nothing_to_tell()
    {
        RoutingTrace trace = new RoutingTraceRecorder().Trace();
        Assert.Equal(default, Locality.Of(trace));
        Assert.Empty(WorkingSet.Of(trace));
        Assert.All(Coverage.Of(trace), p => Assert.Equal(0, p.Traffic));
        Assert.Equal(0, CacheCurve.Of(trace).Requests);
    }

    private static RoutingObservation Seen(int layer, long[,] experts, RoutingContext context, int of = 5) =>
        new(layer, zeros(experts.GetLength(0), of), new Assignment(tensor(experts), ones(experts.GetLength(0), experts.GetLength(1))), context);

    private static ushort[][] Tokens(RoutingTrace trace, int layer) =>
        [.. trace.Choices(layer).ToArray().Chunk(trace.Slots).Select(a => (ushort[])[.. a.Where(e => e != RoutingTrace.Empty)])];

    private static RoutingTrace RandomTrace(int layers, int experts, int slots, int tokens, int length, int seed, bool full = false)
    {
        Random random = new(seed);
        ushort[] all = [.. Enumerable.Range(0, experts).Select(e => (ushort)e)];
        ushort[][] choices = new ushort[layers][];
        for (int i = 0; i < layers; i++)
        {
            choices[i] = new ushort[tokens * slots];
            for (int t = 0; t < tokens; t++)
            {
                random.Shuffle(all);
                for (int j = 0; j < slots; j++)
                {
                    choices[i][(t * slots) + j] = full || random.Next(4) > 0 ? all[j] : RoutingTrace.Empty;
                }
            }
        }

        return new RoutingTrace([.. Enumerable.Range(0, layers)], experts, slots, choices, [.. Enumerable.Range(0, (tokens + length - 1) / length).Select(s => s * length)]);
    }
}
