using Switchyard.Kernels.Activations;
using Switchyard.Kernels.FeedForward;
using Switchyard.Kernels.Storage;
using Switchyard.Kernels.Streams;

namespace Switchyard.Kernels.Tests.Storage;

/// <summary>A feed-forward on stored matrices has the bits of one on the same matrices widened beforehand: forward, gradient of x, of the weights.</summary>
public sealed unsafe class StoredFeedForwardTests
{
    private static readonly string[] s_types = ["fp32", "bf16", "fp16", "fp8", "int8", "int4", "gptq4", "gptq4-v2", "gptq8", "awq4"];

    public static TheoryData<string, InstructionSet> Cases()
    {
        var data = new TheoryData<string, InstructionSet>();
        foreach (string type in s_types)
        {
            foreach (InstructionSet set in Enum.GetValues<InstructionSet>())
            {
                if (set <= KernelOptions.FromEnvironment().Effective)
                    data.Add(type, set);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Stored_and_widened_matrices_give_the_same_bits(string type, InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        // GPTQ and AWQ put eight values to a word.
        bool words = type.StartsWith("gptq", StringComparison.Ordinal) || type.StartsWith("awq", StringComparison.Ordinal);
        foreach ((int width, int inner, Activation activation) in words
            ? ((int, int, Activation)[])[(64, 48, Activation.SwiGlu), (32, 56, Activation.Gelu), (1064, 24, Activation.SwiGlu), (40, 1040, Activation.Relu)]
            : [(66, 50, Activation.SwiGlu), (34, 58, Activation.Gelu), (1060, 20, Activation.SwiGlu), (40, 1040, Activation.SwiGlu)])
        {
            Compare(engine, type, width, inner, activation, Arithmetic.Fp32);
            Compare(engine, type, width, inner, activation, Arithmetic.Bf16);
        }
    }

    [Theory]
    [MemberData(nameof(IntegerCases))]
    public void In_int16_forward_is_within_a_ten_thousandth_of_fp32(string type, int group, InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        foreach ((int width, int inner, Activation activation) in ((int, int, Activation)[])[(64, 96, Activation.SwiGlu), (130, 70, Activation.SwiGlu), (34, 58, Activation.Gelu), (1088, 20, Activation.SwiGlu), (40, 1152, Activation.Relu)])
        {
            using var problem = new FeedForwardTestMemory([40, 0, 1, 2, 8], width, inner);
            var random = new Random(1);
            int rows = activation == Activation.SwiGlu ? 2 * inner : inner;
            StoredMatrix[] first = [.. Enumerable.Range(0, 5).Select(_ => rows == inner ? problem.Make(type, random, inner, width, group) : StoredMatrix.Stack(problem.Make(type, random, inner, width, group), problem.Make(type, random, inner, width, group)))];
            StoredMatrix[] second = [.. Enumerable.Range(0, 5).Select(_ => problem.Make(type, random, width, inner, group))];
            float[] exact = problem.Output(engine, problem.Describe(activation, Arithmetic.Fp32, null, null, [.. first], [.. second]));
            float[] actual = problem.Output(engine, problem.Describe(activation, Arithmetic.Int16, null, null, [.. first], [.. second]));
            double error = Math.Sqrt(exact.Zip(actual, (a, b) => (double)(a - b) * (a - b)).Sum() / exact.Sum(a => (double)a * a));
            Assert.True(error < 1e-4, $"{width} × {inner}, {activation}: {error}");
            Assert.Equal(Streams.RowProducts.AreSupported, error > 0);
        }
    }

    [Theory]
    [MemberData(nameof(IntegerCases))]
    public void In_int8_forward_is_within_a_hundredth_of_fp32(string type, int group, InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        foreach ((int width, int inner, Activation activation) in ((int, int, Activation)[])[(64, 96, Activation.SwiGlu), (130, 70, Activation.SwiGlu), (34, 58, Activation.Gelu), (1088, 20, Activation.SwiGlu), (40, 1152, Activation.Relu)])
        {
            using var problem = new FeedForwardTestMemory([40, 0, 3, 5, 17], width, inner);
            var random = new Random(1);
            int rows = activation == Activation.SwiGlu ? 2 * inner : inner;
            StoredMatrix[] first = [.. Enumerable.Range(0, 5).Select(_ => rows == inner ? problem.Make(type, random, inner, width, group) : StoredMatrix.Stack(problem.Make(type, random, inner, width, group), problem.Make(type, random, inner, width, group)))];
            StoredMatrix[] second = [.. Enumerable.Range(0, 5).Select(_ => problem.Make(type, random, width, inner, group))];
            float[] exact = problem.Output(engine, problem.Describe(activation, Arithmetic.Fp32, null, null, [.. first], [.. second]));
            float[] actual = problem.Output(engine, problem.Describe(activation, Arithmetic.Int8, null, null, [.. first], [.. second]));
            double error = Math.Sqrt(exact.Zip(actual, (a, b) => (double)(a - b) * (a - b)).Sum() / exact.Sum(a => (double)a * a));
            Assert.True(error is > 0 and < 0.01, $"{width} × {inner}, {activation}: {error}");
        }
    }

    public static TheoryData<string, int, InstructionSet> IntegerCases()
    {
        var data = new TheoryData<string, int, InstructionSet>();
        foreach (string type in (string[])["int8", "int4"])
        {
            foreach (int group in (int[])[32, 64, 128, 2048])
            {
                foreach (InstructionSet set in (InstructionSet[])[InstructionSet.Portable, KernelOptions.FromEnvironment().Effective])
                    data.Add(type, group, set);
            }
        }
        return data;
    }

    [Fact]
    public void Int8_arithmetic_needs_integers_by_groups()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable);
        using var problem = new FeedForwardTestMemory([4], 64, 64);
        StoredMatrix[] first = [problem.Make("bf16", new Random(1), 64, 64)], second = [problem.Make("bf16", new Random(1), 64, 64)];
        GroupedFeedForward described = problem.Describe(Activation.Relu, Arithmetic.Int8, null, null, [.. first], [.. second]);
        Assert.Contains("integers", Assert.Throws<InvalidOperationException>(() => problem.Output(engine, described)).Message, StringComparison.Ordinal);
    }

    private static void Compare(KernelEngine engine, string type, int d, int f, Activation activation, Arithmetic arithmetic)
    {
        int[] counts = [40, 0, 3];
        using var problem = new FeedForwardTestMemory(counts, d, f);
        var random = new Random(1);
        var first = new List<StoredMatrix>();
        var second = new List<StoredMatrix>();
        int m = activation == Activation.SwiGlu ? 2 * f : f;
        float* denseFirst = problem.Floats((long)counts.Length * m * d), denseSecond = problem.Floats((long)counts.Length * d * f);
        for (int g = 0; g < counts.Length; g++)
        {
            first.Add(m == f ? problem.Make(type, random, f, d) : StoredMatrix.Stack(problem.Make(type, random, f, d), problem.Make(type, random, f, d)));
            second.Add(problem.Make(type, random, d, f));
            first[g].Widen(denseFirst + ((long)g * m * d));
            second[g].Widen(denseSecond + ((long)g * d * f));
        }
        GroupedFeedForward stored = problem.Describe(activation, arithmetic, null, null, first, second);
        GroupedFeedForward dense = problem.Describe(activation, arithmetic, denseFirst, denseSecond, null, null);
        float[] expected = problem.Results(engine, dense), actual = problem.Results(engine, stored);
        // Few rows of integers are multiplied as such, unless in fp32.
        if (arithmetic == Arithmetic.Fp32 || first[0].IntegerForm == IntegerForm.None)
            Assert.Equal(expected, actual);
        else
            Assert.True(Math.Sqrt(expected.Zip(actual, (a, b) => (double)(a - b) * (a - b)).Sum() / expected.Sum(a => (double)a * a)) < 1e-4);
    }

    /// <summary>Indices, tokens and matrices of one case.</summary>
    private sealed class FeedForwardTestMemory(int[] counts, int d, int f) : IDisposable
    {
        private const int Tokens = 20;
        private readonly List<GuardedMemory> _owned = [];
        private int* _offsets;
        private long* _tokens;
        private float* _x;

        public float* Floats(long count) => (float*)Take(count * sizeof(float));

        public StoredMatrix Make(string type, Random random, int rows, int columns, int group = 32)
        {
            if (type.StartsWith("gptq", StringComparison.Ordinal) || type.StartsWith("awq", StringComparison.Ordinal))
                return Transposed(type, random, rows, columns);
            byte* values = (byte*)Take((long)rows * columns * 4);
            float* scales = Floats((long)rows * columns);
            for (int i = 0; i < rows * columns; i++)
            {
                scales[i] = 0.01f + (random.NextSingle() * 0.01f);
                float value = (random.NextSingle() - 0.5f) * 0.2f;
                switch (type)
                {
                    case "fp32": ((float*)values)[i] = value; break;
                    case "bf16": ((ushort*)values)[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16); break;
                    case "fp16": ((Half*)values)[i] = (Half)value; break;
                    case "fp8": values[i] = (byte)(random.Next(2) * 128 | random.Next(0x50)); break;
                    default: values[i] = (byte)random.Next(256); break;
                }
            }
            return type switch
            {
                "fp32" => new Float32Matrix((float*)values, rows, columns),
                "bf16" => new BFloat16Matrix((ushort*)values, rows, columns),
                "fp16" => new Float16Matrix((Half*)values, rows, columns),
                "fp8" => new Float8Matrix(values, scales, rows, columns),
                "int8" => new Int8Matrix((sbyte*)values, scales, rows, columns, group),
                _ => new Int4Matrix(values, scales, rows, columns, group),
            };
        }

        /// <summary>Random codes and zeros; columns belong to groups in no order, or for AWQ, eight by eight.</summary>
        private StoredMatrix Transposed(string type, Random random, int rows, int columns)
        {
            int bits = type is "gptq8" ? 8 : 4, groups = type is "awq4" ? columns / 8 : 3;
            int* codes = (int*)Take((long)rows * columns * bits / 8), zeros = (int*)Take((long)groups * rows * bits / 8), groupOf = (int*)Take(columns * sizeof(int));
            Half* scales = (Half*)Take((long)groups * rows * sizeof(Half));
            random.NextBytes(new Span<byte>(codes, rows * columns * bits / 8));
            random.NextBytes(new Span<byte>(zeros, groups * rows * bits / 8));
            for (int i = 0; i < groups * rows; i++)
                scales[i] = (Half)(0.01f + (random.NextSingle() * 0.01f));
            for (int k = 0; k < columns; k++)
                groupOf[k] = random.Next(groups);
            return type is "awq4"
                ? new AwqMatrix(codes, zeros, scales, rows, columns, 8)
                : new GptqMatrix(codes, zeros, scales, groupOf, rows, columns, groups, bits, secondFormat: type is "gptq4-v2");
        }

        public GroupedFeedForward Describe(Activation activation, Arithmetic arithmetic, float* first, float* second, List<StoredMatrix>? storedFirst, List<StoredMatrix>? storedSecond)
        {
            if (_x == null)
                Fill();
            return new GroupedFeedForward
            {
                Tokens = Tokens,
                Width = d,
                Inner = f,
                Groups = counts.Length,
                Activation = activation,
                Arithmetic = arithmetic,
                X = _x,
                First = first,
                Second = second,
                StoredFirst = storedFirst,
                StoredSecond = storedSecond,
                Offsets = _offsets,
                RowToken = _tokens,
            };
        }

        public float[] Output(KernelEngine engine, GroupedFeedForward problem)
        {
            float* y = Floats(Tokens * d);
            problem.Forward(engine, y);
            return [.. new Span<float>(y, Tokens * d)];
        }

        public float[] Results(KernelEngine engine, GroupedFeedForward problem)
        {
            float* y = Floats(Tokens * d), dx = Floats(Tokens * d), dw = Floats(problem.Rows);
            problem.Forward(engine, y);
            problem.Backward(engine, new FeedForwardGradients { Y = y, X = dx, Weights = dw });
            return [.. new Span<float>(y, Tokens * d), .. new Span<float>(dx, Tokens * d), .. new Span<float>(dw, problem.Rows)];
        }

        public void Dispose() => _owned.ForEach(m => m.Dispose());

        private void Fill()
        {
            var random = new Random(2);
            _x = Floats(Tokens * d);
            for (int i = 0; i < Tokens * d; i++)
                _x[i] = random.NextSingle() - 0.5f;
            _offsets = (int*)Take((counts.Length + 1) * sizeof(int));
            _offsets[0] = 0;
            for (int g = 0; g < counts.Length; g++)
                _offsets[g + 1] = _offsets[g] + counts[g];
            _tokens = (long*)Take(counts.Sum() * sizeof(long));
            for (int r = 0; r < counts.Sum(); r++)
                _tokens[r] = random.Next(Tokens);
        }

        private void* Take(long bytes)
        {
            var memory = new GuardedMemory(Math.Max(1, (bytes + 3) / sizeof(float)));
            _owned.Add(memory);
            return memory.Pointer;
        }
    }
}
