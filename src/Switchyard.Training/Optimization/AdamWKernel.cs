using System.Numerics;

namespace Switchyard.Training.Optimization;

/// <summary>One AdamW step in one pass over memory.</summary>
internal static unsafe class AdamWKernel
{
    private const int Block = 1 << 16;

    /// <summary>Updates n weights; blocks go to threads, and no result depends on which.</summary>
    public static void Run(float* weights, float* gradient, float* mean, float* square, long n, AdamWCoefficients c)
    {
        int blocks = (int)((n + Block - 1) / Block);
        if (blocks == 1)
        {
            RunBlock(weights, gradient, mean, square, (int)n, c);
            return;
        }

        Parallel.For(0, blocks, Threads.Options, b =>
        {
            long start = (long)b * Block;
            RunBlock(weights + start, gradient + start, mean + start, square + start, (int)Math.Min(Block, n - start), c);
        });
    }

    private static void RunBlock(float* w, float* g, float* m, float* v, int n, in AdamWCoefficients c)
    {
        Vector<float> clip = new(c.Clip), beta1 = new(c.Beta1), beta2 = new(c.Beta2), rest1 = new(1 - c.Beta1), rest2 = new(1 - c.Beta2);
        Vector<float> decay = new(c.Decay), rate = new(c.Rate), root = new(c.RootCorrection), epsilon = new(c.Epsilon);
        int i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> gradient = Vector.Load(g + i) * clip;
            Vector<float> mean = (beta1 * Vector.Load(m + i)) + (rest1 * gradient);
            Vector<float> square = (beta2 * Vector.Load(v + i)) + (rest2 * gradient * gradient);
            Vector.Store(mean, m + i);
            Vector.Store(square, v + i);
            Vector.Store((Vector.Load(w + i) * decay) - (rate * mean / ((Vector.SquareRoot(square) * root) + epsilon)), w + i);
        }

        for (; i < n; i++)
        {
            float gradient = g[i] * c.Clip;
            m[i] = (c.Beta1 * m[i]) + ((1 - c.Beta1) * gradient);
            v[i] = (c.Beta2 * v[i]) + ((1 - c.Beta2) * gradient * gradient);
            w[i] = (w[i] * c.Decay) - (c.Rate * m[i] / ((MathF.Sqrt(v[i]) * c.RootCorrection) + c.Epsilon));
        }
    }
}
