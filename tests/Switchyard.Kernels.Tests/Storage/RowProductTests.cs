using Switchyard.Kernels.Storage;
using Switchyard.Kernels.Streams;

namespace Switchyard.Kernels.Tests.Storage;

/// <summary>Rows that are widened in registers.</summary>
public sealed unsafe class RowProductTests
{
    [Theory]
    [InlineData("bf16", 0)]
    [InlineData("int8", 32)]
    [InlineData("int8", 128)]
    [InlineData("int4", 32)]
    [InlineData("int4", 128)]
    [InlineData("stack", 0)]
    public void They_give_the_products_of_the_widened_rows_whatever_the_sizes_and_the_company(string form, int group)
    {
        Assert.SkipUnless(RowProducts.AreSupported, "the processor has no way to do it");
        var random = new Random(5);
        const int rows = 11, tokens = 8;
        float** at = stackalloc float*[tokens];
        float* whole = stackalloc float[tokens * 8];
        foreach (int columns in (int[])[2, 16, 30, 32, 34, 64, 100, 256, 514])
        {
            long values = (long)rows * columns;
            using GuardedMemory stored = Bytes(random, form is "bf16" or "stack" ? values * 2 : form is "int8" ? values : values / 2);
            using GuardedMemory scales = GuardedMemory.Random(random, rows * (long)((columns + Math.Max(1, group) - 1) / Math.Max(1, group)));
            using GuardedMemory x = GuardedMemory.Random(random, (long)tokens * columns), wide = new(values);
            StoredMatrix matrix = form switch
            {
                "int8" => new Int8Matrix((sbyte*)End(stored, values), scales.Pointer, rows, columns, group),
                "int4" => new Int4Matrix(End(stored, values / 2), scales.Pointer, rows, columns, group),
                "stack" => StoredMatrix.Stack(new BFloat16Matrix((ushort*)End(stored, values * 2), 5, columns), new BFloat16Matrix((ushort*)End(stored, values * 2) + (5 * columns), 6, columns)),
                _ => new BFloat16Matrix((ushort*)End(stored, values * 2), rows, columns),
            };
            matrix.Widen(wide.Pointer);
            for (int t = 0; t < tokens; t++)
                at[t] = x.Pointer + (t * columns);
            Assert.True(matrix.Multiply(2, 8, at, tokens, whole));
            for (int t = 0; t < tokens; t++)
            {
                for (int r = 0; r < 8; r++)
                {
                    double sum = 0, size = 0;
                    for (int k = 0; k < columns; k++)
                    {
                        double product = (double)wide.Pointer[((2 + r) * columns) + k] * at[t][k];
                        sum += product;
                        size += Math.Abs(product);
                    }
                    Assert.True(Math.Abs(whole[(t * 8) + r] - sum) <= (1e-6 * size) + 1e-30, $"{columns} columns, token {t}, row {r}: {whole[(t * 8) + r]} instead of {sum}");
                    float alone;
                    Assert.True(matrix.Multiply(2 + r, 1, at + t, 1, &alone));
                    Assert.Equal(whole[(t * 8) + r], alone);
                }
            }
        }
    }

    public static TheoryData<string, int, bool> Integers()
    {
        TheoryData<string, int, bool> data = [];
        foreach (bool assembled in (bool[])[false, true])
        {
            foreach (int group in (int[])[32, 64, 128, 256, 512, 2048])
            {
                data.Add("int8", group, assembled);
                data.Add("int4", group, assembled);
            }
            data.Add("stack", 64, assembled);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Integers))]
    public void In_sixteen_bit_integers_they_are_off_by_what_rounding_the_tokens_costs_whatever_the_company(string form, int group, bool assembled)
    {
        using var kernels = new RowKernels(new KernelOptions { Assemble = assembled });
        Assert.SkipUnless(assembled ? kernels.AreSupported : RowProducts.AreSupported, "the processor has no way to do it");
        var random = new Random(6);
        const int rows = 11;
        float** at = stackalloc float*[8];
        float* whole = stackalloc float[64];
        foreach ((int columns, int tokens) in ((int, int)[])[(2, 1), (30, 2), (32, 1), (34, 2), (62, 8), (64, 7), (100, 3), (256, 4), (290, 5), (514, 8), (1184, 6), (2304, 3), (1536, 4)])
        {
            long values = (long)rows * columns;
            int groups = (columns + group - 1) / group;
            using GuardedMemory stored = Bytes(random, form is "int4" ? values / 2 : values);
            using GuardedMemory scales = GuardedMemory.Random(random, rows * (long)groups);
            using GuardedMemory x = GuardedMemory.Random(random, (long)tokens * columns), wide = new(values);
            sbyte* codes = (sbyte*)End(stored, values);
            StoredMatrix matrix = form switch
            {
                "int8" => new Int8Matrix(codes, scales.Pointer, rows, columns, group),
                "int4" => new Int4Matrix(End(stored, values / 2), scales.Pointer, rows, columns, group),
                _ => StoredMatrix.Stack(new Int8Matrix(codes, scales.Pointer, 5, columns, group), new Int8Matrix(codes + (5 * columns), scales.Pointer + (5 * groups), 6, columns, group)),
            };
            matrix.Widen(wide.Pointer);
            for (int t = 0; t < tokens; t++)
                at[t] = x.Pointer + (t * columns);
            using GuardedMemory memory = new(StreamTokens.Floats(tokens, columns, matrix.IntegerForm)), single = new(StreamTokens.Floats(1, columns, matrix.IntegerForm));
            var encoded = new StreamTokens(at, tokens, columns, matrix.IntegerForm, kernels, memory.Pointer);
            Assert.True(encoded.AreIntegers);
            Assert.Equal(assembled, encoded.Kernels is not null);
            matrix.Multiply(2, 8, encoded, whole);
            for (int t = 0; t < tokens; t++)
            {
                float largest = 0;
                for (int k = 0; k < columns; k++)
                    largest = Math.Max(largest, Math.Abs(at[t][k]));
                var alone = new StreamTokens(at + t, 1, columns, matrix.IntegerForm, kernels, single.Pointer);
                for (int r = 0; r < 8; r++)
                {
                    double sum = 0, bound = 0;
                    for (int k = 0; k < columns; k++)
                    {
                        double weight = wide.Pointer[((2 + r) * columns) + k];
                        sum += weight * at[t][k];
                        bound += Math.Abs(weight) * ((largest / 65278) + (2e-6 * Math.Abs(at[t][k])));
                    }
                    Assert.True(Math.Abs(whole[(t * 8) + r] - sum) <= bound + 1e-30, $"{columns} columns, token {t}, row {r}: {whole[(t * 8) + r]} instead of {sum}, ± {bound}");
                    float one;
                    matrix.Multiply(2 + r, 1, alone, &one);
                    Assert.Equal(whole[(t * 8) + r], one);
                }
            }
        }
    }

    [Theory]
    [InlineData(IntegerForm.Bytes, 5)]
    [InlineData(IntegerForm.Bytes, 7)]
    [InlineData(IntegerForm.Nibbles, 6)]
    [InlineData(IntegerForm.Nibbles, 9)]
    internal void Assembled_rows_agree_with_their_twin(IntegerForm form, int shift)
    {
        using var kernels = new RowKernels(new KernelOptions());
        Assert.SkipUnless(kernels.AreSupported, "the processor has no way to do it");
        var random = new Random(7);
        const int rows = 5, tokens = 3;
        float** at = stackalloc float*[tokens];
        float* assembled = stackalloc float[8 * tokens], twin = stackalloc float[8 * tokens];
        foreach (int columns in (int[])[2, 98, 130, 256, 646, 1280])
        {
            int groups = (columns + (1 << shift) - 1) >> shift, bytes = form == IntegerForm.Nibbles ? columns / 2 : columns;
            using GuardedMemory codes = Bytes(random, (long)rows * bytes), scales = GuardedMemory.Random(random, rows * (long)groups), x = GuardedMemory.Random(random, (long)tokens * columns);
            using GuardedMemory memory = new(StreamTokens.Floats(tokens, columns, form));
            for (int t = 0; t < tokens; t++)
                at[t] = x.Pointer + (t * columns);
            var encoded = new StreamTokens(at, tokens, columns, form, kernels, memory.Pointer);
            var matrix = new IntegerRows(End(codes, (long)rows * bytes), bytes, scales.Pointer, groups, shift);
            kernels.Multiply(matrix, rows, encoded, assembled);
            RowArguments arguments = RowKernels.ArgumentsOf(matrix, rows, encoded);
            arguments.Tokens = encoded.Encoded(0);
            arguments.Results = twin;
            ReferenceRow.Multiply(form, matrix, &arguments, tokens);
            for (int i = 0; i < 8 * tokens; i++)
            {
                if (i % 8 < rows)
                    Assert.True(Math.Abs(assembled[i] - twin[i]) <= 2e-6f * columns * 128, $"{columns} columns, token {i / 8}, row {i % 8}: {assembled[i]} and {twin[i]}");
            }
        }
    }

    [Theory]
    [InlineData(float.NaN, false)]
    [InlineData(float.PositiveInfinity, false)]
    [InlineData(float.NaN, true)]
    [InlineData(float.PositiveInfinity, true)]
    public void A_token_that_holds_no_number_gives_none(float number, bool assembled)
    {
        using var kernels = new RowKernels(new KernelOptions { Assemble = assembled });
        Assert.SkipUnless(assembled ? kernels.AreSupported : RowProducts.AreSupported, "the processor has no way to do it");
        float* x = stackalloc float[64], memory = stackalloc float[256], results = stackalloc float[16];
        sbyte* codes = stackalloc sbyte[64];
        float* scales = stackalloc float[2];
        new Span<sbyte>(codes, 64).Fill(1);
        (scales[0], scales[1]) = (1, 1);
        new Span<float>(x, 64).Fill(1);
        x[40] = number;
        float** at = &x;
        var matrix = new Int8Matrix(codes, scales, 1, 64, 32);
        Assert.True(StreamTokens.Floats(1, 64, matrix.IntegerForm) <= 256);
        matrix.Multiply(0, 1, new StreamTokens(at, 1, 64, matrix.IntegerForm, kernels, memory), results);
        Assert.False(float.IsFinite(results[0]));
    }

    [Fact]
    public void Groups_that_are_no_power_of_two_are_left_to_others()
    {
        sbyte value = 1;
        float scale = 1, x = 1, result = 0;
        float* token = &x;
        Assert.False(new Int8Matrix(&value, &scale, 1, 1, 48).Multiply(0, 1, &token, 1, &result));
        Assert.False(new Int8Matrix(&value, &scale, 1, 1, 16).Multiply(0, 1, &token, 1, &result));
    }

    /// <summary>Bytes of finite bf16 numbers, which are as good as any for integers, at the end of guarded memory.</summary>
    private static GuardedMemory Bytes(Random random, long bytes)
    {
        var memory = new GuardedMemory((bytes + 3) / 4);
        byte* end = (byte*)(memory.Pointer + memory.Count);
        for (long i = 1; i <= bytes; i++)
            end[-i] = i % 2 == 1 ? (byte)(0x3C | (random.Next(2) << 7)) : (byte)random.Next(256);
        return memory;
    }

    private static byte* End(GuardedMemory memory, long bytes) => (byte*)(memory.Pointer + memory.Count) - bytes;
}
