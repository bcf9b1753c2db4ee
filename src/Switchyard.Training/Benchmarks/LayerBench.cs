using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times whole MoE layers, router to combine, with each executor.</summary>
public static class LayerBench
{
    /// <summary>Rows of every shape, token count and thread count; the load is what a fresh linear router gives on random tokens.</summary>
    public static IEnumerable<BenchRow> Run(BenchOptions options, CancellationToken cancellation = default) =>
        BenchSweep.Run(options, (shape, tokens, threads) => Measure(shape, tokens, threads, options, cancellation));

    private static List<BenchRow> Measure(BenchShape shape, int tokens, int threads, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        string[] names = TorchPeers.WithPeers(options.Names);
        List<MoeLayer> layers = [.. names.Select(n => BenchLayer.Make(shape, new RoutingRecipe(), true, n))];
        Tensor x = randn(tokens, shape.HiddenSize).requires_grad_(options.Backward);
        RoutingContext context = new() { SequenceLength = tokens };
        double[] times = Timing.Medians([.. layers.Select(Work)], options.Budget, cancellation);
        foreach (MoeLayer layer in layers)
        {
            layer.Dispose();
        }

        int best = TorchPeers.Best(names, times);
        return
        [
            .. names.Select((n, i) => new BenchRow
            {
                What = "layer",
                Shape = shape.Name,
                Tokens = tokens,
                Threads = threads,
                Direction = options.Direction,
                Executor = n,
                Milliseconds = times[i],
                Peer = names[best],
                PeerMilliseconds = times[best],
                Ratio = times[best] / times[i],
            }),
        ];

        Action Work(MoeLayer layer) => Timing.Pass(options, () => layer.Run(x, context).Output);
    }
}
