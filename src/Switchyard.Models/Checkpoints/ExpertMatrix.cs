using Switchyard.Dense;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Matrices of experts, made of a dense layer's in fp32 and rounded to its type when their turn to be written comes.</summary>
internal static class ExpertMatrix
{
    /// <summary>W + s·std(W)·ε, ε ~ N(0, 1) of each element.</summary>
    /// <param name="file">The file that holds W.</param>
    /// <param name="name">Its name.</param>
    /// <param name="noise">s.</param>
    /// <param name="seed">Seed of ε.</param>
    public static SafetensorsSource WithNoise(SafetensorsFile file, string name, double noise, long seed)
    {
        SafetensorsEntry entry = file.Entry(name);
        return new SafetensorsSource(name, entry.Type, entry.Shape, stream => Write(stream, () =>
        {
            Tensor stored = file.Load(name), matrix = stored.to(ScalarType.Float32);
            using Generator generator = new(unchecked((ulong)seed));
            double deviation = noise * matrix.std(unbiased: false).item<float>();
            return stored.copy_(randn([.. entry.Shape], generator: generator).mul_(Held(deviation)).add_(matrix));
        }));
    }

    /// <summary>s·W of some columns.</summary>
    /// <param name="file">The file that holds W [n, m].</param>
    /// <param name="name">Its name.</param>
    /// <param name="first">The first of the columns.</param>
    /// <param name="count">How many.</param>
    /// <param name="scale">s.</param>
    public static SafetensorsSource ScaledColumns(SafetensorsFile file, string name, long first, long count, double scale)
    {
        SafetensorsEntry entry = file.Entry(name);
        return new SafetensorsSource(name, entry.Type, [entry.Shape[0], count], stream => Write(stream, () =>
        {
            Tensor stored = Columns(file, entry, first, count);
            return stored.copy_(stored.to(ScalarType.Float32).mul_(Held(scale)));
        }));
    }

    private static unsafe Tensor Columns(SafetensorsFile file, SafetensorsEntry entry, long first, long count)
    {
        Tensor columns = empty([entry.Shape[0], count], entry.Type.ScalarType);
        int size = entry.Type.ElementSize;
        byte* from = (byte*)file.Address(entry.Name) + (first * size);
        int width = checked((int)(count * size));
        long stride = entry.Shape[1] * size;
        var to = (byte*)columns.Address();
        for (long row = 0; row < entry.Shape[0]; row++)
        {
            new ReadOnlySpan<byte>(from + (row * stride), width).CopyTo(new Span<byte>(to + (row * width), width));
        }

        return columns;
    }

    private static void Write(Stream stream, Func<Tensor> make)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        TensorBytes.ForEachChunk(make(), chunk => stream.Write(chunk));
    }
}
