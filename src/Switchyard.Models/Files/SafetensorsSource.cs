using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>A tensor to be written: what it is, and how its bytes come.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Write">Writes exactly its bytes, row by row, little-endian; called once, when its turn comes.</param>
public sealed record SafetensorsSource(string Name, SafetensorsType Type, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    /// <summary>A tensor of any device and layout; it is read when its turn comes, and no more than one is copied at a time.</summary>
    /// <exception cref="NotSupportedException">Its type cannot be stored.</exception>
    public static SafetensorsSource Of(string name, Tensor tensor) =>
        new(name, SafetensorsTypes.Of(tensor.dtype), tensor.shape, stream =>
        {
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            TensorBytes.ForEachChunk(tensor.detach().cpu().contiguous(), chunk => stream.Write(chunk));
        });

    /// <summary>A tensor of another file, as it lies there; the file stays open until its turn comes.</summary>
    public static SafetensorsSource Of(SafetensorsFile file, string name)
    {
        SafetensorsEntry entry = file.Entry(name);
        return new SafetensorsSource(name, entry.Type, entry.Shape, stream => Copy(file.Address(name), entry.ByteLength, stream));
    }

    /// <summary>Rows of a tensor of another file, as they lie there; the file stays open until its turn comes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The tensor, [n, …].</param>
    /// <param name="rows">Which of its n rows, in the order in which they are written.</param>
    public static SafetensorsSource Of(SafetensorsFile file, string name, IReadOnlyList<int> rows)
    {
        SafetensorsEntry entry = file.Entry(name);
        long bytes = entry.ByteLength / entry.Shape[0];
        return new SafetensorsSource(name, entry.Type, [rows.Count, .. entry.Shape.Skip(1)], stream =>
        {
            foreach (int row in rows)
            {
                Copy((nint)(file.Address(name) + (row * bytes)), bytes, stream);
            }
        });
    }

    /// <summary>Consecutive rows of a tensor of another file, as they lie there; the file stays open until its turn comes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The tensor, [n, …].</param>
    /// <param name="first">The first of the rows.</param>
    /// <param name="count">How many.</param>
    public static SafetensorsSource Of(SafetensorsFile file, string name, long first, long count)
    {
        SafetensorsEntry entry = file.Entry(name);
        long bytes = entry.ByteLength / entry.Shape[0];
        return new SafetensorsSource(name, entry.Type, [count, .. entry.Shape.Skip(1)], stream => Copy((nint)(file.Address(name) + (first * bytes)), count * bytes, stream));
    }

    private const int Chunk = 1 << 24;

    private static unsafe void Copy(nint address, long bytes, Stream stream)
    {
        var at = (byte*)address;
        for (long left = bytes; left > 0;)
        {
            int take = (int)Math.Min(left, Chunk);
            stream.Write(new ReadOnlySpan<byte>(at, take));
            at += take;
            left -= take;
        }
    }
}
