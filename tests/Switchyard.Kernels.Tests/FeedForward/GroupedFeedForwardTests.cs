using Switchyard.Kernels.Activations;

namespace Switchyard.Kernels.Tests.FeedForward;

public sealed unsafe class GroupedFeedForwardTests
{
    public static TheoryData<InstructionSet> Sets() => Engines.Sets();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Forward_agrees_with_double_precision_at_every_remainder(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        var random = new Random(3);
        for (int i = 0; i < 60; i++)
        {
            int[] counts = new int[random.Next(1, 6)];
            for (int g = 0; g < counts.Length; g++)
                counts[g] = random.Next(4) switch { 0 => 0, 1 => random.Next(1, 4), 2 => random.Next(70), _ => random.Next(30, 35) };
            var activation = (Activation)(i % 3);
            using var problem = new FeedForwardCase(i, random.Next(1, 40), random.Next(1, 130), random.Next(1, 110), counts, activation, bias: i % 2 == 1);
            AssertClose(problem.Reference(), problem.Forward(engine), $"case {i}, {activation}");
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void In_bf16_forward_is_within_two_to_the_minus_seven_of_double_precision_at_every_remainder(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        var random = new Random(4);
        for (int i = 0; i < 60; i++)
        {
            int[] counts = new int[random.Next(1, 6)];
            for (int g = 0; g < counts.Length; g++)
                counts[g] = random.Next(4) switch { 0 => 0, 1 => random.Next(1, 12), 2 => random.Next(70), _ => random.Next(30, 35) };
            (int width, int inner) = i < 50 ? (random.Next(1, 130), random.Next(1, 110)) : i < 55 ? (random.Next(1020, 1100), 20) : (20, random.Next(1020, 1100));
            using var problem = new FeedForwardCase(i, random.Next(1, 40), width, inner, counts, (Activation)(i % 3), bias: i % 2 == 1) { Arithmetic = Arithmetic.Bf16 };
            double[] expected = problem.Reference();
            float[] actual = problem.Forward(engine);
            double error = Math.Sqrt(expected.Zip(actual, (a, b) => (a - b) * (a - b)).Sum());
            Assert.True(error <= Math.Sqrt(expected.Sum(a => a * a)) / 128, $"case {i}: {error}");
            float[] saved = new float[1 << 20];
            Assert.Equal(actual, problem.Forward(engine, saved));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sums_longer_than_a_block_agree_with_double_precision(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            using var wide = new FeedForwardCase(1, 9, 1100, 20, [5, 40], activation);
            AssertClose(wide.Reference(), wide.Forward(engine), "wide");
            float[] saved = new float[3 * wide.M * 32];
            AssertClose(wide.Reference(), wide.Forward(engine, saved), "wide, saving");
            using var deep = new FeedForwardCase(1, 9, 20, 1100, [5, 40], activation);
            AssertClose(deep.Reference(), deep.Forward(engine), "deep");
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Bits_are_equal_at_any_number_of_threads(InstructionSet set)
    {
        using KernelEngine one = Engines.Make(set);
        using var problem = new FeedForwardCase(4, 50, 200, 230, [33, 0, 1, 90, 16], Activation.SwiGlu);
        float[] y = problem.Forward(one);
        float[] gradients = problem.Backward(one, keep: true).All;
        foreach (int threads in (int[])[2, 3, 7])
        {
            using KernelEngine engine = Engines.Make(set, threads);
            Assert.Equal(y, problem.Forward(engine));
            Assert.Equal(gradients, problem.Backward(engine, keep: true).All);
            Assert.Equal(gradients, problem.Backward(engine, keep: false).All);
        }
    }

    [Theory]
    [InlineData(Activation.SwiGlu, false)]
    [InlineData(Activation.Gelu, true)]
    [InlineData(Activation.Relu, true)]
    public void Backward_agrees_with_central_differences(Activation activation, bool bias)
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Avx512, 2);
        using var problem = new FeedForwardCase(5, 6, 7, 5, [3, 0, 4], activation, bias);
        FeedForwardCase.Gradients gradients = problem.Backward(engine, keep: false);
        AssertSlopes(problem, problem.X, gradients.X);
        AssertSlopes(problem, problem.First, gradients.First);
        AssertSlopes(problem, problem.Second, gradients.Second);
        AssertSlopes(problem, problem.Weights, gradients.Weights);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_instruction_set_gives_the_gradients_of_the_portable_kernels(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        using KernelEngine portable = Engines.Make(InstructionSet.Portable);
        var random = new Random(6);
        for (int i = 0; i < 20; i++)
        {
            int[] counts = [random.Next(70), 0, random.Next(3), random.Next(20)];
            using var problem = new FeedForwardCase(i, random.Next(1, 30), random.Next(1, 120), random.Next(1, 120), counts, (Activation)(i % 3), bias: i % 2 == 0);
            float[] expected = problem.Backward(portable, keep: true).All;
            AssertClose([.. expected.Select(v => (double)v)], problem.Backward(engine, keep: i % 4 < 2).All, $"case {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void More_tokens_than_a_block_sum_to_the_gradients_of_their_parts(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        using var problem = new FeedForwardCase(7, 300, 48, 33, [1200], Activation.SwiGlu);
        FeedForwardCase.Gradients gradients = problem.Backward(engine, keep: true);
        AssertSlopes(problem, problem.First, gradients.First, every: 997);
        AssertSlopes(problem, problem.Second, gradients.Second, every: 499);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rows_of_zeros_change_no_result(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        var random = new Random(9);
        for (int i = 0; i < 40; i++)
        {
            int[] counts = [random.Next(70), 0, random.Next(4), random.Next(30, 35), random.Next(8, 18)];
            using var problem = new FeedForwardCase(i, random.Next(1, 30), random.Next(1, 110), random.Next(1, 110), counts, (Activation)(i % 3), bias: i % 2 == 0);
            double[] expected = [.. problem.Backward(engine, keep: true).All.Select(v => (double)v)];
            problem.Computed = (i % 4) switch
            {
                0 => [.. counts.Select(_ => counts.Max())],
                1 => [.. counts.Select(c => (c + 31) / 32 * 32)],
                2 => [.. counts.Select(c => c + random.Next(6))],
                _ => [.. counts.Select(c => c + random.Next(100))],
            };
            AssertClose(problem.Reference(), problem.Forward(engine), $"case {i}");
            AssertClose(expected, problem.Backward(engine, keep: true).All, $"case {i}, kept");
            AssertClose(expected, problem.Backward(engine, keep: false).All, $"case {i}, recomputed");
        }
    }

    [Fact]
    public void Rows_of_zeros_change_no_bit_where_lanes_run_along_tokens()
    {
        int[] counts = [33, 12, 90, 16];
        using KernelEngine one = Engines.Make(InstructionSet.Avx512);
        using var problem = new FeedForwardCase(4, 50, 200, 230, counts, Activation.SwiGlu, bias: true);
        float[] y = problem.Forward(one), gradients = problem.Backward(one, keep: true).All;
        problem.Computed = [.. counts.Select(_ => 96)];
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            using KernelEngine engine = Engines.Make(InstructionSet.Avx512, threads);
            Assert.Equal(y, problem.Forward(engine));
            Assert.Equal(gradients, problem.Backward(engine, keep: true).All);
            Assert.Equal(gradients, problem.Backward(engine, keep: false).All);
        }
    }

    [Fact]
    public void Fewer_computed_rows_than_a_group_has_are_refused()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Avx512);
        using var problem = new FeedForwardCase(8, 3, 10, 9, [2, 3], Activation.SwiGlu) { Computed = [2, 2] };
        string message = Assert.Throws<InvalidOperationException>(() => problem.Forward(engine)).Message;
        Assert.Contains("Group 1 has 3 rows, of which 2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_without_rows_get_zero_gradients_and_no_row_means_zero()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Avx512);
        using var problem = new FeedForwardCase(8, 3, 10, 9, [0, 0], Activation.SwiGlu);
        Assert.All(problem.Forward(engine), v => Assert.Equal(0, v));
        Assert.All(problem.Backward(engine, keep: true).All, v => Assert.Equal(0, v));
    }

    [Fact]
    public void Bad_indices_are_refused_by_name()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Avx512);
        using var problem = new FeedForwardCase(8, 3, 10, 9, [2, 2], Activation.SwiGlu);
        problem.With(p =>
        {
            p.RowToken[1] = 3;
            string message = Assert.Throws<InvalidOperationException>(() => p.Forward(engine, null)).Message;
            Assert.Contains("Row 1 names token 3; there are 3.", message, StringComparison.Ordinal);
        });
    }

    private static void AssertSlopes(FeedForwardCase problem, GuardedMemory values, float[] gradient, int every = 1)
    {
        double scale = gradient.Max(MathF.Abs) + 1e-3;
        for (int i = 0; i < values.Count; i += every)
        {
            float at = values.Pointer[i];
            const float Step = 1f / 256;
            values.Pointer[i] = at + Step;
            double up = problem.Loss();
            double width = values.Pointer[i];
            values.Pointer[i] = at - Step;
            double down = problem.Loss();
            width -= values.Pointer[i];
            values.Pointer[i] = at;
            // The second derivative jumps at ReLU's kink; elsewhere the error of the difference is of the order of Step².
            double tolerance = problem.Kind == Activation.Relu ? 0.02 : 2e-4;
            Assert.True(Math.Abs(((up - down) / width) - gradient[i]) <= tolerance * scale, $"{i}: {(up - down) / width} and {gradient[i]}");
        }
    }

    private static void AssertClose(double[] expected, float[] actual, string where)
    {
        double scale = expected.Length == 0 ? 1 : expected.Max(Math.Abs) + 1e-6;
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 * scale, $"{where}: {expected[i]} and {actual[i]} at {i}");
    }
}
