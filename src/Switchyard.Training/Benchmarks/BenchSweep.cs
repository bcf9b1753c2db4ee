using static TorchSharp.torch;

namespace Switchyard.Training.Benchmarks;

/// <summary>Goes through the shapes, thread counts and token counts of a benchmark.</summary>
internal static class BenchSweep
{
    public static IEnumerable<BenchRow> Run(BenchOptions options, Func<BenchShape, int, int, IEnumerable<BenchRow>> measure)
    {
        int threadsBefore = get_num_threads();
        try
        {
            foreach (BenchShape shape in options.Shapes.Select(BenchShape.All.Get))
            {
                foreach (int threads in options.Threads.Distinct())
                {
                    set_num_threads(threads);
                    foreach (BenchRow row in options.Tokens.SelectMany(tokens => measure(shape, tokens, threads)))
                    {
                        yield return row;
                    }
                }
            }
        }
        finally
        {
            set_num_threads(threadsBefore);
        }
    }
}
