using Switchyard.Kernels.Activations;
using Switchyard.Kernels.FeedForward;

namespace Switchyard.Kernels.Tests.FeedForward;

/// <summary>A random grouped feed-forward in guarded memory, with a plain double-precision reference.</summary>
internal sealed unsafe class FeedForwardCase : IDisposable
{
    private readonly int[] _offsets;
    private readonly long[] _tokens;
    private readonly long[] _pairs;
    private readonly GuardedMemory _x, _first, _firstBias, _second, _secondBias, _weights, _dy;
    private readonly List<IDisposable> _owned = [];
    private readonly bool _bias;

    public FeedForwardCase(int seed, int tokens, int width, int inner, int[] counts, Activation activation, bool bias = false)
    {
        var random = new Random(seed);
        (T, D, F, G, Kind, _bias) = (tokens, width, inner, counts.Length, activation, bias);
        _offsets = new int[G + 1];
        for (int g = 0; g < G; g++)
            _offsets[g + 1] = _offsets[g] + counts[g];
        R = _offsets[G];
        _tokens = new long[R];
        _pairs = new long[R];
        for (int r = 0; r < R; r++)
        {
            _tokens[r] = random.Next(tokens);
            _pairs[r] = r;
        }
        random.Shuffle(_pairs);
        _x = Take(GuardedMemory.Random(random, (long)T * D));
        _first = Take(GuardedMemory.Random(random, (long)G * M * D, 2 / MathF.Sqrt(D)));
        _firstBias = Take(GuardedMemory.Random(random, G * M));
        _second = Take(GuardedMemory.Random(random, (long)G * D * F, 2 / MathF.Sqrt(F)));
        _secondBias = Take(GuardedMemory.Random(random, G * D));
        _weights = Take(GuardedMemory.Random(random, R));
        _dy = Take(GuardedMemory.Random(random, (long)T * D));
    }

    public int T { get; }

    public int D { get; }

    public int F { get; }

    public int G { get; }

    public int R { get; }

    public Activation Kind { get; }

    public int M => ActivationKernel.IsGated(Kind) ? 2 * F : F;

    /// <summary>Rows to compute for each group, or null for its own.</summary>
    public int[]? Computed { get; set; }

    /// <summary>What the products of the forward multiply.</summary>
    public Arithmetic Arithmetic { get; set; }

    public GuardedMemory X => _x;

    public GuardedMemory First => _first;

    public GuardedMemory Second => _second;

    public GuardedMemory Weights => _weights;

    public GuardedMemory Dy => _dy;

    /// <summary>Calls <paramref name="use"/> with the problem on pinned indices.</summary>
    public void With(Action<GroupedFeedForward> use)
    {
        fixed (int* offsets = _offsets, computed = Computed)
        {
            fixed (long* tokens = _tokens, pairs = _pairs)
            {
                use(new GroupedFeedForward
                {
                    Tokens = T,
                    Width = D,
                    Inner = F,
                    Groups = G,
                    Activation = Kind,
                    Arithmetic = Arithmetic,
                    X = _x.Pointer,
                    First = _first.Pointer,
                    FirstBias = _bias ? _firstBias.Pointer : null,
                    Second = _second.Pointer,
                    SecondBias = _bias ? _secondBias.Pointer : null,
                    Offsets = offsets,
                    Computed = computed,
                    RowToken = tokens,
                    RowPair = pairs,
                    Weights = _weights.Pointer,
                });
            }
        }
    }

    public float[] Forward(KernelEngine engine, float[]? saved = null)
    {
        using var y = new GuardedMemory((long)T * D);
        y.Span.Fill(float.NaN);
        With(problem =>
        {
            using var keep = new GuardedMemory(saved is null ? 0 : problem.SavedLength);
            problem.Forward(engine, y.Pointer, saved is null ? null : keep.Pointer);
            if (saved is not null)
                keep.Span.CopyTo(saved);
        });
        return y.Span.ToArray();
    }

    public Gradients Backward(KernelEngine engine, bool keep)
    {
        var result = new Gradients();
        using var dx = new GuardedMemory((long)T * D);
        using var first = new GuardedMemory((long)G * M * D);
        using var firstBias = new GuardedMemory(G * M);
        using var second = new GuardedMemory((long)G * D * F);
        using var secondBias = new GuardedMemory(G * D);
        using var weights = new GuardedMemory(R);
        foreach (GuardedMemory memory in (GuardedMemory[])[dx, first, firstBias, second, secondBias, weights])
            memory.Span.Fill(float.NaN);
        With(problem =>
        {
            using var saved = new GuardedMemory(problem.SavedLength);
            using var y = new GuardedMemory((long)T * D);
            if (keep)
                problem.Forward(engine, y.Pointer, saved.Pointer);
            problem.Backward(engine, new FeedForwardGradients
            {
                Y = _dy.Pointer,
                X = dx.Pointer,
                First = first.Pointer,
                FirstBias = _bias ? firstBias.Pointer : null,
                Second = second.Pointer,
                SecondBias = _bias ? secondBias.Pointer : null,
                Weights = weights.Pointer,
            }, keep ? saved.Pointer : null);
        });
        result.X = dx.Span.ToArray();
        result.First = first.Span.ToArray();
        result.FirstBias = _bias ? firstBias.Span.ToArray() : [];
        result.Second = second.Span.ToArray();
        result.SecondBias = _bias ? secondBias.Span.ToArray() : [];
        result.Weights = weights.Span.ToArray();
        return result;
    }

    /// <summary>y, row after row, in double precision.</summary>
    public double[] Reference()
    {
        double[] y = new double[T * D];
        for (int g = 0; g < G; g++)
        {
            for (int r = _offsets[g]; r < _offsets[g + 1]; r++)
            {
                double[] h = Inner(g, r);
                double weight = _weights.Pointer[_pairs[r]];
                for (int i = 0; i < D; i++)
                {
                    double sum = _bias ? _secondBias.Pointer[(g * D) + i] : 0;
                    for (int k = 0; k < F; k++)
                        sum += _second.Pointer[(((g * D) + i) * F) + k] * h[k];
                    y[(_tokens[r] * D) + i] += weight * sum;
                }
            }
        }
        return y;
    }

    /// <summary>Σ y · dy in double precision: its slopes are the gradients.</summary>
    public double Loss()
    {
        double loss = 0;
        double[] y = Reference();
        for (int i = 0; i < y.Length; i++)
            loss += y[i] * _dy.Pointer[i];
        return loss;
    }

    public void Dispose() => _owned.ForEach(o => o.Dispose());

    private double[] Inner(int g, int r)
    {
        double[] a = new double[M], h = new double[F];
        for (int i = 0; i < M; i++)
        {
            double sum = _bias ? _firstBias.Pointer[(g * M) + i] : 0;
            for (int k = 0; k < D; k++)
                sum += (double)_first.Pointer[(((g * M) + i) * D) + k] * _x.Pointer[(_tokens[r] * D) + k];
            a[i] = sum;
        }
        for (int i = 0; i < F; i++)
        {
            h[i] = Kind switch
            {
                Activation.SwiGlu => a[i] / (1 + Math.Exp(-a[i])) * a[F + i],
                Activation.Gelu => a[i] * 0.5 * Erfc(-a[i] / Math.Sqrt(2)),
                _ => Math.Max(a[i], 0),
            };
        }
        return h;
    }

    /// <summary>erfc by its series or its continued fraction.</summary>
    internal static double Erfc(double x)
    {
        if (x < 0)
            return 2 - Erfc(-x);
        if (x < 2.5)
        {
            double sum = x, term = x;
            for (int n = 1; n < 80; n++)
            {
                term *= -x * x / n;
                sum += term / ((2 * n) + 1);
            }
            return 1 - (2 / Math.Sqrt(Math.PI) * sum);
        }
        double fraction = 0;
        for (int n = 60; n >= 1; n--)
            fraction = n / 2.0 / (x + fraction);
        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (x + fraction);
    }

    private GuardedMemory Take(GuardedMemory memory)
    {
        _owned.Add(memory);
        return memory;
    }

    internal sealed class Gradients
    {
        public float[] X { get; set; } = [];

        public float[] First { get; set; } = [];

        public float[] FirstBias { get; set; } = [];

        public float[] Second { get; set; } = [];

        public float[] SecondBias { get; set; } = [];

        public float[] Weights { get; set; } = [];

        public float[] All => [.. X, .. First, .. FirstBias, .. Second, .. SecondBias, .. Weights];
    }
}
