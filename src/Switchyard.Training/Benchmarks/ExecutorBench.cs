using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times executors on the same plan.</summary>
public static class ExecutorBench
{
    /// <summary>Rows of every shape, token count and thread count; the peer of each is the fastest of torch's own ways, <c>sequential</c> and <c>grouped-mm</c>.</summary>
    public static IEnumerable<BenchRow> Run(BenchOptions options, CancellationToken cancellation = default) =>
        BenchSweep.Run(options, (shape, tokens, threads) => Measure(shape, tokens, threads, options, cancellation));

    private static List<BenchRow> Measure(BenchShape shape, int tokens, int threads, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        ScalarType type = Type(options.Storage);
        using ExpertWeights weights = new(new ExpertOptions { Experts = shape.Experts, HiddenSize = shape.HiddenSize, InnerSize = shape.InnerSize }, dtype: type);
        Tensor x = randn(tokens, shape.HiddenSize, type).requires_grad_(options.Backward);
        Tensor combine = rand(tokens, shape.TopK);
        Tensor experts = LoadShape.Experts(options.Load, tokens, shape.TopK, shape.Experts);
        DispatchedTokens dispatched = new LocalDispatcher().Dispatch(x, new Assignment(experts, combine), shape.Experts);
        Competitor[] competitors =
        [
            .. from name in TorchPeers.WithPeers(options.Names)
               from activations in options.Backward ? options.Activations : [SavedActivations.Keep]
               let executor = Executors.All.Get(name).Create(new ExecutorOptions { Activations = activations })
               where executor.Accepts(dispatched, weights)
               select new Competitor(name, activations, executor),
        ];
        double[] times = Timing.Medians([.. competitors.Select(Work)], options.Budget, cancellation);

        int best = TorchPeers.Best([.. competitors.Select(c => c.Name)], times);
        double operations = shape.Operations(tokens) * (options.Backward ? 3 : 1);
        // Forward reads the weights of the experts in use; backward reads them again and writes their gradients.
        double megabytes = shape.ExpertParameters * (double)dispatched.Plan.Counts.Count(c => c > 0) * weights.GateUp.element_size() * (options.Backward ? 3 : 1) / 1e6;
        double mean = (double)dispatched.Plan.Rows / shape.Experts;
        return
        [
            .. competitors.Select((c, i) => new BenchRow
            {
                What = "executor",
                Shape = shape.Name,
                Tokens = tokens,
                Threads = threads,
                Storage = options.Storage,
                Load = options.Load,
                RowsPerExpert = mean,
                Imbalance = dispatched.Plan.Counts.Max() / mean,
                Direction = options.Direction,
                Executor = c.Name,
                Activations = options.Backward ? c.Activations : null,
                Milliseconds = times[i],
                Gops = operations / times[i] / 1e6,
                MegabytesRead = megabytes,
                PaddingWaste = 1 - ((double)dispatched.Plan.Rows / c.Executor.ComputedRows(dispatched, weights)),
                Peer = competitors[best].Name,
                PeerMilliseconds = times[best],
                Ratio = times[best] / times[i],
            }),
        ];

        Action Work(Competitor competitor) => Timing.Pass(options, () => competitor.Executor.Run(dispatched, weights));
    }

    private static ScalarType Type(string storage) => storage switch
    {
        "fp32" => ScalarType.Float32,
        "bf16" => ScalarType.BFloat16,
        _ => throw new ConfigurationException($"storage is '{storage}'; it must be fp32 or bf16"),
    };

    private sealed record Competitor(string Name, SavedActivations Activations, ExpertExecutor Executor);
}
