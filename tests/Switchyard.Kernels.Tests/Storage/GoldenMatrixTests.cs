using Switchyard.Kernels.Storage;

namespace Switchyard.Kernels.Tests.Storage;

/// <summary>Widened matrices against the numbers of the software that packed them.</summary>
public sealed unsafe class GoldenMatrixTests
{
    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>();
        string? folder = SafetensorsFile.Folder();
        foreach (string path in (folder is null ? [] : Directory.GetFiles(folder, "*.safetensors")).Order(StringComparer.Ordinal))
        {
            // The folder also holds references of other things, such as how fp32 rounds.
            using var file = new SafetensorsFile(path);
            if (file.Has("dequantized") || file.Has("codes8"))
                data.Add(Path.GetFileName(path));
        }
        if (data.Count == 0)
            data.Add("");
        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Reference_is_met(string name)
    {
        if (name.Length == 0)
            Assert.Skip("No reference numbers: SWITCHYARD_GOLDEN names no folder with quant/.");
        using var file = new SafetensorsFile(Path.Combine(SafetensorsFile.Folder()!, name));
        if (file.Has("codes8"))
            CompareCodes(file);
        else
            CompareMatrix(file, name);
    }

    private static void CompareMatrix(SafetensorsFile file, string name)
    {
        int rows = file.Shape("dequantized")[0], columns = file.Shape("dequantized")[1];
        StoredMatrix matrix = Open(file, name, rows, columns);
        using var widened = new GuardedMemory(rows * columns);
        matrix.Widen(widened.Pointer);
        Span<float> expected = file.Values<float>("dequantized");
        // Some references were rounded to half precision after the product of scale and difference.
        for (int i = 0; i < expected.Length; i++)
            Assert.True(MathF.Abs(expected[i] - widened.Pointer[i]) <= 1e-3f * MathF.Max(MathF.Abs(expected[i]), 1e-4f), $"{name}: {expected[i]} and {widened.Pointer[i]} at {i}");
        foreach ((int row, int height, int column, int width) in ((int, int, int, int)[])[(5, 7, 11, 9), (0, 12, 8, 24), (8, 8, 16, 8), (3, 1, 0, 17), (7, 17, 4, 20)])
        {
            using var block = new GuardedMemory(height * width);
            matrix.Widen(row, height, column, width, block.Pointer, width);
            for (int r = 0; r < height; r++)
                Assert.True(widened.Span.Slice(((row + r) * columns) + column, width).SequenceEqual(block.Span.Slice(r * width, width)), $"{name}: row {row + r}");
        }
    }

    private static StoredMatrix Open(SafetensorsFile file, string name, int rows, int columns)
    {
        if (file.Has("weight_scale_inv"))
            return new Float8Matrix((byte*)file.Pointer("weight"), (float*)file.Pointer("weight_scale_inv"), rows, columns);
        int groups = file.Shape("scales")[0];
        if (name.StartsWith("awq", StringComparison.Ordinal))
            return new AwqMatrix((int*)file.Pointer("qweight"), (int*)file.Pointer("qzeros"), (Half*)file.Pointer("scales"), rows, columns, columns / groups);
        int bits = 32 * file.Shape("qweight")[0] / columns;
        bool second = string.Equals(file.Metadata.GetValueOrDefault("format"), "gptq_v2", StringComparison.Ordinal);
        return new GptqMatrix((int*)file.Pointer("qweight"), (int*)file.Pointer("qzeros"), (Half*)file.Pointer("scales"), (int*)file.Pointer("g_idx"), rows, columns, groups, bits, second);
    }

    private static void CompareCodes(SafetensorsFile file)
    {
        int count = file.Shape("codes16")[0];
        using var values = new GuardedMemory(count);
        new BFloat16Matrix((ushort*)file.Pointer("codes16"), 1, count).Widen(values.Pointer);
        AssertCodes(file.Values<float>("bfloat16"), values.Span);
        new Float16Matrix((Half*)file.Pointer("codes16"), 1, count).Widen(values.Pointer);
        AssertCodes(file.Values<float>("float16"), values.Span);
        Span<byte> codes = file.Values<byte>("codes8");
        float[] decoded = new float[codes.Length];
        for (int i = 0; i < codes.Length; i++)
            decoded[i] = Float8Matrix.Decode(codes[i]);
        AssertCodes(file.Values<float>("e4m3"), decoded);
    }

    /// <summary>The reference writes NaN as 12345.</summary>
    private static void AssertCodes(Span<float> expected, Span<float> actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i] == 12345 ? float.IsNaN(actual[i]) : expected[i].Equals(actual[i]), $"{expected[i]} and {actual[i]} at {i}");
    }
}
