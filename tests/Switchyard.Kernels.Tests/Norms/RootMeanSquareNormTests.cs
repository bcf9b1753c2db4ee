using Switchyard.Kernels.Norms;

namespace Switchyard.Kernels.Tests.Norms;

public sealed unsafe class RootMeanSquareNormTests
{
    private const float Epsilon = 1e-5f;

    [Fact]
    public void Values_and_gradients_agree_with_double_precision_at_every_width()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable, 2);
        Random random = new(3);
        for (int width = 1; width <= 70; width++)
            Compare(engine, random.Next(), random.Next(1, 40), width);
        Compare(engine, 4, 700, 100);
        Compare(engine, 5, 3, 20_000);
    }

    [Fact]
    public void Bits_are_equal_at_any_number_of_threads()
    {
        using KernelEngine one = Engines.Make(InstructionSet.Portable);
        float[][] expected = Run(one, 6, 3000, 33);
        foreach (int threads in (int[])[2, 3, 7])
        {
            using KernelEngine engine = Engines.Make(InstructionSet.Portable, threads);
            Assert.Equal(expected, Run(engine, 6, 3000, 33));
        }
    }

    [Fact]
    public void No_rows_give_a_gradient_of_zero()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable);
        float[][] results = Run(engine, 7, 0, 5);
        Assert.Equal(new float[5], results[2]);
    }

    private static float[][] Run(KernelEngine engine, int seed, int rows, int width)
    {
        Random random = new(seed);
        using GuardedMemory x = GuardedMemory.Random(random, rows * width), w = GuardedMemory.Random(random, width), dy = GuardedMemory.Random(random, rows * width);
        using GuardedMemory y = new(rows * width), scales = new(rows), dx = new(rows * width), dw = new(width);
        var norm = new RootMeanSquareNorm { Rows = rows, Width = width, Epsilon = Epsilon, X = x.Pointer, Weights = w.Pointer };
        norm.Forward(engine, y.Pointer, scales.Pointer);
        norm.Backward(engine, dy.Pointer, scales.Pointer, dx.Pointer, dw.Pointer);
        return [y.Span.ToArray(), dx.Span.ToArray(), dw.Span.ToArray()];
    }

    private static void Compare(KernelEngine engine, int seed, int rows, int width)
    {
        float[][] actual = Run(engine, seed, rows, width);
        Random random = new(seed);
        using GuardedMemory x = GuardedMemory.Random(random, rows * width), w = GuardedMemory.Random(random, width), dy = GuardedMemory.Random(random, rows * width);
        double[] y = new double[rows * width], dx = new double[rows * width], dw = new double[width];
        for (int row = 0; row < rows; row++)
        {
            int at = row * width;
            double squares = 0, pull = 0;
            for (int i = 0; i < width; i++)
            {
                squares += (double)x.Pointer[at + i] * x.Pointer[at + i];
                pull += (double)dy.Pointer[at + i] * w.Pointer[i] * x.Pointer[at + i];
            }
            double scale = 1 / Math.Sqrt((squares / width) + Epsilon);
            for (int i = 0; i < width; i++)
            {
                y[at + i] = x.Pointer[at + i] * scale * w.Pointer[i];
                dx[at + i] = (dy.Pointer[at + i] * w.Pointer[i] * scale) - (x.Pointer[at + i] * scale * scale * scale * pull / width);
                dw[i] += dy.Pointer[at + i] * x.Pointer[at + i] * scale;
            }
        }
        AssertClose(y, actual[0], $"y of {rows} × {width}");
        AssertClose(dx, actual[1], $"dx of {rows} × {width}");
        AssertClose(dw, actual[2], $"dw of {rows} × {width}");
    }

    private static void AssertClose(double[] expected, float[] actual, string what)
    {
        double largest = expected.Max(Math.Abs), error = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(error <= 2e-6 * Math.Max(largest, 1e-3), $"{what}: error {error:g3}, largest value {largest:g3}");
    }
}
