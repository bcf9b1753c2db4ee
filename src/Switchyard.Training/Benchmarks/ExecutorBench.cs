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
        using ExpertWeights weights = new(new ExpertOptions { Experts = shape.Experts, HiddenSize = shape.HiddenSize, InnerSize = shape.InnerSize });
        string[] names = TorchPeers.WithPeers(options.Names);
        Tensor x = randn(tokens, shape.HiddenSize).requires_grad_(options.Backward);
        Tensor combine = rand(tokens, shape.TopK);
        Tensor experts = LoadShape.Experts(options.Load, tokens, shape.TopK, shape.Experts);
        DispatchedTokens dispatched = new LocalDispatcher().Dispatch(x, new Assignment(experts, combine), shape.Experts);
        double[] times = Timing.Medians([.. names.Select(n => Work(Executors.All.Get(n).Create()))], options.Budget, cancellation);

        int best = TorchPeers.Best(names, times);
        double operations = shape.Operations(tokens) * (options.Backward ? 3 : 1);
        return
        [
            .. names.Select((n, i) => new BenchRow
            {
                What = "executor",
                Shape = shape.Name,
                Tokens = tokens,
                Threads = threads,
                Load = options.Load,
                Direction = options.Direction,
                Executor = n,
                Milliseconds = times[i],
                Gops = operations / times[i] / 1e6,
                PaddingWaste = n is "padded" ? 1 - (dispatched.Plan.Rows / Math.Max(1.0, (double)shape.Experts * dispatched.Plan.Counts.Max())) : 0,
                Peer = names[best],
                PeerMilliseconds = times[best],
                Ratio = times[best] / times[i],
            }),
        ];

        Action Work(ExpertExecutor executor) => Timing.Pass(options, () => executor.Run(dispatched, weights));
    }
}
