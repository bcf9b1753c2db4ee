using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times router, selector and plan, beside the linear router and beside the whole layer.</summary>
public static class RouterBench
{
    private const string Reference = "linear";

    /// <summary>Rows of every shape, token count and thread count; the peer of each is the linear router.</summary>
    public static IEnumerable<BenchRow> Run(BenchOptions options, CancellationToken cancellation = default) =>
        BenchSweep.Run(options, (shape, tokens, threads) => Measure(shape, tokens, threads, options, cancellation));

    private static List<BenchRow> Measure(BenchShape shape, int tokens, int threads, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        string[] names = [.. Routers.All.Names.Where(n => options.Names.Count == 0 || options.Names.Contains(n) || n is Reference)];
        List<MoeLayer> layers = [.. names.Select(n => BenchLayer.Make(shape, RoutingRecipe.Parse(n), n is Reference))];
        Tensor x = randn(tokens, shape.HiddenSize);
        RoutingContext context = new() { TokenIds = randint(0, BenchLayer.VocabularySize, [tokens], ScalarType.Int64), SequenceLength = tokens };
        Action[] work =
        [
            .. layers.Select(layer => (Action)(() =>
            {
                using var inner = NewDisposeScope();
                RoutingPass.Run(layer, x, context);
            })),
            () =>
            {
                using var inner = NewDisposeScope();
                layers[Array.IndexOf(names, Reference)].Run(x, context);
            },
        ];
        double[] times = Timing.Medians(work, options.Budget, cancellation);
        foreach (MoeLayer layer in layers)
        {
            layer.Dispose();
        }

        double linear = times[Array.IndexOf(names, Reference)];
        return
        [
            .. names.Select((n, i) => new BenchRow
            {
                What = "router",
                Shape = shape.Name,
                Tokens = tokens,
                Threads = threads,
                Direction = "forward",
                Executor = n,
                Milliseconds = times[i],
                ShareOfLayer = times[i] / (times[^1] - linear + times[i]),
                Peer = Reference,
                PeerMilliseconds = linear,
                Ratio = linear / times[i],
            }),
        ];
    }
}
