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
    public static unsafe SafetensorsSource Of(SafetensorsFile file, string name)
    {
        SafetensorsEntry entry = file.Entry(name);
        return new SafetensorsSource(name, entry.Type, entry.Shape, stream =>
        {
            var at = (byte*)file.Address(name);
            for (long left = entry.ByteLength; left > 0;)
            {
                int take = (int)Math.Min(left, Chunk);
                stream.Write(new ReadOnlySpan<byte>(at, take));
                at += take;
                left -= take;
            }
        });
    }

    private const int Chunk = 1 << 24;
}
