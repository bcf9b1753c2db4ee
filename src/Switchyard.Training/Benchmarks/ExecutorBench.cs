using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times executors on the same plan.</summary>
public static class ExecutorBench
{
    private static readonly string[] Peers = ["sequential", "grouped-mm"];

    /// <summary>Rows of every shape, token count and thread count; the peer of each is the fastest of torch's own ways, <c>sequential</c> and <c>grouped-mm</c>.</summary>
    public static IEnumerable<BenchRow> Run(BenchOptions options, CancellationToken cancellation = default) =>
        BenchSweep.Run(options, (shape, tokens, threads) => Measure(shape, tokens, threads, options, cancellation));

    private static List<BenchRow> Measure(BenchShape shape, int tokens, int threads, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = new(new ExpertOptions { Experts = shape.Experts, HiddenSize = shape.HiddenSize, InnerSize = shape.InnerSize });
        string[] names = [.. Executors.All.Names.Where(n => options.Names.Count == 0 || options.Names.Contains(n) || Peers.Contains(n))];
        Tensor x = randn(tokens, shape.HiddenSize).requires_grad_(options.Backward);
        Tensor combine = rand(tokens, shape.TopK);
        Tensor experts = LoadShape.Experts(options.Load, tokens, shape.TopK, shape.Experts);
        DispatchedTokens dispatched = new LocalDispatcher().Dispatch(x, new Assignment(experts, combine), shape.Experts);
        double[] times = Timing.Medians([.. names.Select(n => Work(Executors.All.Get(n).Create()))], options.Budget, cancellation);

        int best = Enumerable.Range(0, names.Length).Where(i => Peers.Contains(names[i])).MinBy(i => times[i]);
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

        Action Work(ExpertExecutor executor) => () =>
        {
            using var inner = NewDisposeScope();
            using var mode = set_grad_enabled(options.Backward);
            Tensor y = executor.Run(dispatched, weights);
            if (options.Backward)
            {
                y.sum().backward();
            }
        };
    }
}
