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
}
