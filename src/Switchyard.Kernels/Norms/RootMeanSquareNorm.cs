using System.Numerics;
using Switchyard.Kernels.Teams;

namespace Switchyard.Kernels.Norms;

/// <summary>
/// y = x · s ⊙ w with s = (mean(x²) + ε)^−½ by row of x [R, n] (Zhang and Sennrich 2019, arXiv 1910.07467), and its gradients,
/// in fp32 on the caller's memory, in one pass each. The bits do not depend on the number of threads.
/// </summary>
/// <remarks>With h = dy ⊙ w: dx = s·h − x·s³·mean(h ⊙ x), dw = Σ dy ⊙ x·s. All pointers must stay valid until a call returns.</remarks>
public sealed unsafe class RootMeanSquareNorm
{
    /// <summary>R.</summary>
    public required int Rows { get; init; }

    /// <summary>n.</summary>
    public required int Width { get; init; }

    /// <summary>ε.</summary>
    public required float Epsilon { get; init; }

    /// <summary>x, [R, n].</summary>
    public required float* X { get; init; }

    /// <summary>w, [n].</summary>
    public required float* Weights { get; init; }

    /// <summary>Computes y.</summary>
    /// <param name="engine">The threads.</param>
    /// <param name="y">[R, n].</param>
    /// <param name="scales">s, [R], which <see cref="Backward"/> wants; or null.</param>
    public void Forward(KernelEngine engine, float* y, float* scales)
    {
        Validate();
        lock (engine.Gate)
        {
            RowBlocks.Run(engine, Rows, Width, (from, to, _) =>
            {
                for (int row = from; row < to; row++)
                {
                    float* x = X + ((nint)row * Width);
                    float scale = 1 / MathF.Sqrt((Dot(x, x, Width) / Width) + Epsilon);
                    if (scales != null)
                        scales[row] = scale;
                    Scale(x, scale, y + ((nint)row * Width));
                }
            });
        }
    }

    /// <summary>Computes the gradients; a null result is not computed.</summary>
    /// <param name="engine">The threads.</param>
    /// <param name="dy">[R, n].</param>
    /// <param name="scales">s, from <see cref="Forward"/>.</param>
    /// <param name="dx">[R, n] or null.</param>
    /// <param name="weights">Gradient of w, [n], or null.</param>
    public void Backward(KernelEngine engine, float* dy, float* scales, float* dx, float* weights)
    {
        Validate();
        lock (engine.Gate)
        {
            int blocks = RowBlocks.Count(Rows, Width);
            float* partial = weights == null ? null : engine.Shared[0].Floats((long)blocks * Width);
            RowBlocks.Run(engine, Rows, Width, (from, to, block) =>
            {
                float* sum = partial == null ? null : partial + ((nint)block * Width);
                if (sum != null)
                    new Span<float>(sum, Width).Clear();
                for (int row = from; row < to; row++)
                {
                    nint at = (nint)row * Width;
                    if (dx != null)
                        InputGradient(X + at, dy + at, scales[row], dx + at);
                    if (sum != null)
                        AddProduct(X + at, dy + at, scales[row], sum);
                }
            });
            if (weights == null)
                return;
            new Span<float>(weights, Width).Clear();
            for (int block = 0; block < blocks; block++)
                AddTo(partial + ((nint)block * Width), weights);
        }
    }

    private void InputGradient(float* x, float* dy, float scale, float* dx)
    {
        float mean = Dot(x, dy, Weights, Width) / Width;
        float pull = -mean * scale * scale * scale;
        int i = 0;
        for (; i <= Width - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store((Vector.Load(dy + i) * Vector.Load(Weights + i) * new Vector<float>(scale)) + (Vector.Load(x + i) * new Vector<float>(pull)), dx + i);
        for (; i < Width; i++)
            dx[i] = (dy[i] * Weights[i] * scale) + (x[i] * pull);
    }

    private void Scale(float* x, float scale, float* y)
    {
        int i = 0;
        for (; i <= Width - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Load(x + i) * new Vector<float>(scale) * Vector.Load(Weights + i), y + i);
        for (; i < Width; i++)
            y[i] = x[i] * scale * Weights[i];
    }

    private void AddProduct(float* x, float* dy, float scale, float* sum)
    {
        int i = 0;
        for (; i <= Width - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Load(sum + i) + (Vector.Load(x + i) * Vector.Load(dy + i) * new Vector<float>(scale)), sum + i);
        for (; i < Width; i++)
            sum[i] += x[i] * dy[i] * scale;
    }

    private void AddTo(float* source, float* target)
    {
        int i = 0;
        for (; i <= Width - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Load(target + i) + Vector.Load(source + i), target + i);
        for (; i < Width; i++)
            target[i] += source[i];
    }

    private static float Dot(float* a, float* b, int n)
    {
        Vector<float> first = Vector<float>.Zero, second = first;
        int i = 0;
        for (; i <= n - (2 * Vector<float>.Count); i += 2 * Vector<float>.Count)
        {
            first += Vector.Load(a + i) * Vector.Load(b + i);
            second += Vector.Load(a + i + Vector<float>.Count) * Vector.Load(b + i + Vector<float>.Count);
        }
        float sum = Vector.Sum(first + second);
        for (; i < n; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static float Dot(float* a, float* b, float* c, int n)
    {
        Vector<float> first = Vector<float>.Zero, second = first;
        int i = 0;
        for (; i <= n - (2 * Vector<float>.Count); i += 2 * Vector<float>.Count)
        {
            first += Vector.Load(a + i) * Vector.Load(b + i) * Vector.Load(c + i);
            second += Vector.Load(a + i + Vector<float>.Count) * Vector.Load(b + i + Vector<float>.Count) * Vector.Load(c + i + Vector<float>.Count);
        }
        float sum = Vector.Sum(first + second);
        for (; i < n; i++)
            sum += a[i] * b[i] * c[i];
        return sum;
    }

    private void Validate()
    {
        if (Rows < 0 || Width <= 0)
            throw new InvalidOperationException($"Sizes are R = {Rows}, n = {Width}; expected R ≥ 0 and n > 0.");
        if (Rows > 0 && (X == null || Weights == null))
            throw new InvalidOperationException("X or Weights is missing.");
    }
}
