using Switchyard.Kernels.Products;

namespace Switchyard.Kernels.Tests.Products;

public sealed unsafe class DenseProductTests
{
    public static TheoryData<InstructionSet> Sets() => Engines.Sets();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Forward_and_backward_agree_with_double_precision_at_every_remainder(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        var random = new Random(1);
        for (int i = 0; i < 40; i++)
            Compare(engine, random, i % 4 == 0 ? random.Next(1, 9) : random.Next(1, 90), random.Next(1, 130), random.Next(1, 130));
        Compare(engine, random, 33, 1050, 20);
        Compare(engine, random, 9, 20, 1050);
        Compare(engine, random, 600, 17, 50);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Bits_are_equal_at_any_number_of_threads(InstructionSet set)
    {
        foreach (int rows in (int[])[3, 100])
        {
            using KernelEngine one = Engines.Make(set);
            (float[] y, float[] dx, float[] dw, float[] db) = Run(one, new Random(2), rows, 75, 300);
            foreach (int threads in (int[])[2, 3, 7])
            {
                using KernelEngine engine = Engines.Make(set, threads);
                (float[] y2, float[] dx2, float[] dw2, float[] db2) = Run(engine, new Random(2), rows, 75, 300);
                Assert.Equal(y, y2);
                Assert.Equal(dx, dx2);
                Assert.Equal(dw, dw2);
                Assert.Equal(db, db2);
            }
        }
    }

    private static (float[] Y, float[] Dx, float[] Dw, float[] Db) Run(KernelEngine engine, Random random, int m, int k, int n)
    {
        using GuardedMemory x = GuardedMemory.Random(random, m * k), w = GuardedMemory.Random(random, n * k), b = GuardedMemory.Random(random, n), dy = GuardedMemory.Random(random, m * n);
        using GuardedMemory y = new(m * n), dx = new(m * k), dw = new(n * k), db = new(n);
        var product = new DenseProduct { Rows = m, Inputs = k, Outputs = n, X = x.Pointer, Weights = w.Pointer, Bias = b.Pointer };
        product.Forward(engine, y.Pointer);
        product.Backward(engine, dy.Pointer, dx.Pointer, dw.Pointer, db.Pointer);
        return (y.Span.ToArray(), dx.Span.ToArray(), dw.Span.ToArray(), db.Span.ToArray());
    }

    private static void Compare(KernelEngine engine, Random random, int m, int k, int n)
    {
        int seed = random.Next();
        (float[] y, float[] dx, float[] dw, float[] db) = Run(engine, new Random(seed), m, k, n);
        var again = new Random(seed);
        using GuardedMemory x = GuardedMemory.Random(again, m * k), w = GuardedMemory.Random(again, n * k), b = GuardedMemory.Random(again, n), dy = GuardedMemory.Random(again, m * n);
        double[] ey = new double[m * n], edx = new double[m * k], edw = new double[n * k], edb = new double[n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = b.Pointer[j], slope = dy.Pointer[(i * n) + j];
                for (int l = 0; l < k; l++)
                {
                    sum += (double)x.Pointer[(i * k) + l] * w.Pointer[(j * k) + l];
                    edx[(i * k) + l] += slope * w.Pointer[(j * k) + l];
                    edw[(j * k) + l] += slope * x.Pointer[(i * k) + l];
                }
                ey[(i * n) + j] = sum;
                edb[j] += slope;
            }
        }
        string where = $"{m} × {k} × {n}";
        AssertClose(ey, y, where);
        AssertClose(edx, dx, where);
        AssertClose(edw, dw, where);
        AssertClose(edb, db, where);
    }

    private static void AssertClose(double[] expected, float[] actual, string where)
    {
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 * scale, $"{where}: {expected[i]} and {actual[i]} at {i}");
    }
}
