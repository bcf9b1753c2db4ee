using System.Numerics;

namespace Switchyard.Training.Optimization;

/// <summary>Σ x² in double, over fixed blocks added in their order.</summary>
internal static unsafe class SumOfSquares
{
    private const int Block = 1 << 16;

    public static double Of(float* x, long n)
    {
        int blocks = (int)((n + Block - 1) / Block);
        double[] partial = new double[blocks];
        if (blocks == 1)
        {
            return OfBlock(x, (int)n);
        }

        Parallel.For(0, blocks, Threads.Options, b => partial[b] = OfBlock(x + ((long)b * Block), (int)Math.Min(Block, n - ((long)b * Block))));
        double sum = 0;
        foreach (double p in partial)
        {
            sum += p;
        }

        return sum;
    }

    private static double OfBlock(float* x, int n)
    {
        Vector<double> sum = Vector<double>.Zero;
        int i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(x + i), out Vector<double> low, out Vector<double> high);
            sum += (low * low) + (high * high);
        }

        double total = Vector.Sum(sum);
        for (; i < n; i++)
        {
            total += (double)x[i] * x[i];
        }

        return total;
    }
}
