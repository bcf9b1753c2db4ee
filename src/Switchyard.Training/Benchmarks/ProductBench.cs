using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Times the product of a dense layer by our kernels beside torch's <c>linear</c>, with weights that lie in a cache and with weights that come from memory.</summary>
public static class ProductBench
{
    /// <summary>Weights that together fit no cache.</summary>
    private const long ColdBytes = 256L << 20;

    /// <summary>Two rows, hot and cold weights, of every shape, thread count and token count.</summary>
    /// <param name="shapes">Matrices of weights.</param>
    /// <param name="options">Token counts, threads, direction and time.</param>
    /// <param name="cancellation">Ends the measurement.</param>
    public static IEnumerable<BenchRow> Run(IReadOnlyList<ProductShape> shapes, BenchOptions options, CancellationToken cancellation = default)
    {
        int threadsBefore = get_num_threads();
        try
        {
            foreach (ProductShape shape in shapes)
            {
                foreach (int threads in options.Threads.Distinct())
                {
                    set_num_threads(threads);
                    foreach (int tokens in options.Tokens)
                    {
                        yield return Measure(shape, tokens, threads, cold: false, options, cancellation);
                        yield return Measure(shape, tokens, threads, cold: true, options, cancellation);
                    }
                }
            }
        }
        finally
        {
            set_num_threads(threadsBefore);
        }
    }

    private static BenchRow Measure(ProductShape shape, int tokens, int threads, bool cold, BenchOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        long bytes = (long)shape.Inputs * shape.Outputs * sizeof(float);
        Tensor[] weights = [.. Enumerable.Range(0, cold ? (int)Math.Clamp(ColdBytes / bytes, 2, 4096) : 1).Select(_ => (randn(shape.Outputs, shape.Inputs) * Held(0.02)).requires_grad_(options.Backward))];
        Tensor x = randn(tokens, shape.Inputs).requires_grad_(options.Backward);
        int turn = 0;
        double[] times = Timing.Medians([Work((x, w) => DenseOperations.Linear(x, w)), Work((x, w) => nn.functional.linear(x, w))], options.Budget, cancellation);
        double operations = 2.0 * tokens * shape.Inputs * shape.Outputs * (options.Backward ? 3 : 1);
        return new BenchRow
        {
            What = "product",
            Shape = shape.ToString(),
            Tokens = tokens,
            Threads = threads,
            Load = cold ? "cold" : "hot",
            Direction = options.Direction,
            Executor = "kernels",
            Milliseconds = times[0],
            Gops = operations / times[0] / 1e6,
            MegabytesRead = cold ? bytes * (options.Backward ? 3 : 1) / 1e6 : 0,
            Peer = "torch linear",
            PeerMilliseconds = times[1],
            Ratio = times[1] / times[0],
        };

        Action Work(Func<Tensor, Tensor, Tensor> product) => Timing.Pass(options, () => product(x, weights[turn++ % weights.Length]));
    }
}
