using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Kernels;
using Switchyard.Routing;
using Switchyard.Selection;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times whole MoE layers, router to combine, with each executor.</summary>
public static class LayerBench
{
    /// <summary>The load that a fresh linear router gives on random tokens.</summary>
    public const string Routed = "routed";

    /// <summary>Rows of every shape, token count and thread count; the peer of each is the layer with the faster of torch's own executors. Of a storage type that torch's tensors do not have, torch gets weights in bf16 and in fp32, whichever is faster. A shared expert has the type of the tokens.</summary>
    public static IEnumerable<BenchRow> Run(BenchOptions options, CancellationToken cancellation = default) =>
        BenchSweep.Run(options, (shape, tokens, threads) => Measure(shape, tokens, threads, options, cancellation));

    private static List<BenchRow> Measure(BenchShape shape, int tokens, int threads, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        List<Competitor> competitors = [];
        try
        {
            foreach (string name in TorchPeers.WithPeers(options.Names))
            {
                competitors.AddRange(TorchPeers.IsPeer(name) ? Peers(name) : Ours(name));
            }

            RoutingContext context = new() { SequenceLength = tokens };
            double[] times = Timing.Medians([.. competitors.Select(c => Timing.Pass(options, () => c.Layer.Run(c.X, context).Output))], options.Budget, cancellation);
            int best = TorchPeers.Best([.. competitors.Select(c => c.Name)], times);
            return
            [
                .. competitors.Select((c, i) => new BenchRow
                {
                    What = "layer",
                    Shape = shape.Name,
                    Tokens = tokens,
                    Threads = threads,
                    Storage = options.Storage,
                    Arithmetic = c.Arithmetic,
                    Load = options.Load,
                    Direction = options.Direction,
                    Executor = c.Name + c.Suffix,
                    Milliseconds = times[i],
                    Peer = competitors[best].Name + competitors[best].Suffix,
                    PeerMilliseconds = times[best],
                    Ratio = times[best] / times[i],
                }),
            ];
        }
        finally
        {
            competitors.ForEach(c => c.Layer.Dispose());
        }

        IEnumerable<Competitor> Peers(string name) => StoredWeights.Names.Contains(options.Storage)
            ? [Of(name, ScalarType.Float32, null, " fp32"), Of(name, ScalarType.BFloat16, null, " bf16")]
            : [Of(name, ExecutorBench.Type(options.Storage), null, string.Empty)];

        IEnumerable<Competitor> Ours(string name)
        {
            foreach (Arithmetic? arithmetic in options.Arithmetic)
            {
                Competitor made = StoredWeights.Names.Contains(options.Storage)
                    ? Of(name, ScalarType.Float32, arithmetic, string.Empty, StoredWeights.Make(new ExpertOptions { Experts = shape.Experts, HiddenSize = shape.HiddenSize, InnerSize = shape.InnerSize }, options.Storage))
                    : Of(name, ExecutorBench.Type(options.Storage), arithmetic, string.Empty);
                if (Accepts(made))
                {
                    yield return made;
                }
                else
                {
                    made.Layer.Dispose();
                }
            }
        }

        Competitor Of(string name, ScalarType type, Arithmetic? arithmetic, string suffix, StoredExperts? stored = null)
        {
            MoeLayer layer = BenchLayer.Make(shape, new RoutingRecipe(), true, name, new ExecutorOptions { Arithmetic = arithmetic }, stored);
            layer.Experts.to(type);
            layer.SharedExpert?.to(type);
            Tensor x = randn(tokens, shape.HiddenSize, type);
            if (!string.Equals(options.Load, Routed, StringComparison.Ordinal))
            {
                BenchLayer.Route(layer, x, LoadShape.Experts(options.Load, tokens, shape.TopK, shape.Experts));
            }

            return new Competitor(name, suffix, arithmetic, layer, x.requires_grad_(options.Backward));
        }

        bool Accepts(Competitor made)
        {
            Assignment even = new(LoadShape.Experts("even", tokens, shape.TopK, shape.Experts), rand(tokens, shape.TopK));
            return Executors.All.Get(made.Name).Create(made.Layer.Options.ExecutorOptions).Accepts(new LocalDispatcher().Dispatch(made.X, even, shape.Experts), made.Layer.Experts);
        }
    }

    private sealed record Competitor(string Name, string Suffix, Arithmetic? Arithmetic, MoeLayer Layer, Tensor X);
}
