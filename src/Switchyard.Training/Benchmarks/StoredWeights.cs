using System.Runtime.InteropServices;
using Switchyard.Experts;
using Switchyard.Kernels.Storage;

namespace Switchyard.Training.Benchmarks;

/// <summary>Random experts in every storage type, in native memory of their own.</summary>
internal sealed unsafe class StoredWeights : IDisposable
{
    private const int Group = 32, LargestGroup = 128;
    private readonly List<nint> _owned = [];
    private readonly Random _random = new(1);

    private StoredWeights()
    {
    }

    /// <summary>Types that are no type of torch's tensors.</summary>
    public static IReadOnlyList<string> Names { get; } = ["fp8", "int8", "int4", "gptq-int4", "awq-int4"];

    /// <summary>Experts of a shape; disposing them frees their memory.</summary>
    /// <param name="sizes">Sizes.</param>
    /// <param name="storage">One of <see cref="Names"/>.</param>
    public static StoredExperts Make(ExpertOptions sizes, string storage)
    {
        StoredWeights memory = new();
        return new StoredExperts(
            sizes,
            [.. Enumerable.Range(0, sizes.Experts).Select(_ => memory.Matrix(storage, 2 * sizes.InnerSize, sizes.HiddenSize))],
            [.. Enumerable.Range(0, sizes.Experts).Select(_ => memory.Matrix(storage, sizes.HiddenSize, sizes.InnerSize))],
            storage,
            memory);
    }

    public void Dispose()
    {
        _owned.ForEach(p => NativeMemory.AlignedFree((void*)p));
        _owned.Clear();
    }

    private StoredMatrix Matrix(string storage, int rows, int columns)
    {
        if (storage is "gptq-int4" or "awq-int4")
        {
            return Transposed(storage, rows, columns);
        }

        long values = (long)rows * columns / (storage is "int4" ? 2 : 1);
        int side = storage is "fp8" ? Float8Matrix.Block : 1;
        long scales = (rows + side - 1L) / side * ((columns + Group - 1L) / (storage is "fp8" ? side : Group));
        var codes = (byte*)Take(values);
        var factors = (float*)Take(scales * sizeof(float));
        for (long at = 0; at < values; at += int.MaxValue)
        {
            _random.NextBytes(new Span<byte>(codes + at, (int)Math.Min(int.MaxValue, values - at)));
        }

        for (long i = 0; storage is "fp8" && i < values; i++)
        {
            // The exponent of all ones is no number.
            codes[i] &= 0xBF;
        }

        new Span<float>(factors, checked((int)scales)).Fill(0.001f);
        return storage switch
        {
            "fp8" => new Float8Matrix(codes, factors, rows, columns),
            "int8" => new Int8Matrix((sbyte*)codes, factors, rows, columns, Group),
            "int4" => new Int4Matrix(codes, factors, rows, columns, Group),
            _ => throw new ConfigurationException($"there is no storage '{storage}'"),
        };
    }

    /// <summary>Random codes and zeros in order, in groups of 128 columns, or all in one.</summary>
    private StoredMatrix Transposed(string storage, int rows, int columns)
    {
        int group = columns % LargestGroup == 0 ? LargestGroup : columns, groups = columns / group;
        var codes = (byte*)Take((long)rows * columns / 2);
        var zeros = (byte*)Take((long)groups * rows / 2);
        var scales = (Half*)Take((long)groups * rows * 2);
        var order = (int*)Take((long)columns * sizeof(int));
        _random.NextBytes(new Span<byte>(codes, checked((int)((long)rows * columns / 2))));
        _random.NextBytes(new Span<byte>(zeros, groups * rows / 2));
        new Span<Half>(scales, groups * rows).Fill((Half)0.001f);
        for (int k = 0; k < columns; k++)
        {
            order[k] = k / group;
        }

        return storage is "awq-int4"
            ? new AwqMatrix((int*)codes, (int*)zeros, scales, rows, columns, group)
            : new GptqMatrix((int*)codes, (int*)zeros, scales, order, rows, columns, groups, 4, secondFormat: false);
    }

    private void* Take(long bytes)
    {
        void* memory = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        _owned.Add((nint)memory);
        return memory;
    }
}
