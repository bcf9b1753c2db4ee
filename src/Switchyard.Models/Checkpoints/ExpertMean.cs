using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Means of experts' tensors, Σ share·W, in fp32 and rounded to the type that the tensors have; computed when their turn to be written comes, one expert at a time.</summary>
internal static class ExpertMean
{
    /// <summary>Whether a mean can be taken of a tensor.</summary>
    public static bool Takes(SafetensorsType type) => type is SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16;

    /// <summary>The mean of a tensor that each expert has by itself.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="like">One of the tensors.</param>
    /// <param name="shares">The experts.</param>
    /// <param name="nameOf">The tensor's name for an expert.</param>
    public static SafetensorsSource Of(CheckpointTensors tensors, SafetensorsEntry like, IReadOnlyList<ExpertShare> shares, Func<int, string> nameOf) =>
        new(like.Name, like.Type, like.Shape, stream => Write(stream, like.Type, [.. like.Shape], shares, e =>
        {
            SafetensorsEntry entry = tensors.Entry(nameOf(e));
            return entry.Type == like.Type && entry.Shape.SequenceEqual(like.Shape)
                ? tensors.FileOf(entry.Name).Address(entry.Name)
                : throw new CheckpointFormatException(tensors.FileOf(entry.Name).Path, entry.Name, $"it is {entry.Type} [{string.Join(", ", entry.Shape)}]; the expert that it is merged into has {like.Type} [{string.Join(", ", like.Shape)}].");
        }));

    /// <summary>Means of the rows of a tensor of all experts, [E, …].</summary>
    /// <param name="file">The file that holds it.</param>
    /// <param name="name">Its name.</param>
    /// <param name="means">The experts of each mean.</param>
    public static SafetensorsSource OfRows(SafetensorsFile file, string name, IReadOnlyList<IReadOnlyList<ExpertShare>> means)
    {
        SafetensorsEntry entry = file.Entry(name);
        long bytes = entry.ByteLength / entry.Shape[0];
        return new SafetensorsSource(name, entry.Type, [means.Count, .. entry.Shape.Skip(1)], stream =>
        {
            foreach (IReadOnlyList<ExpertShare> shares in means)
            {
                Write(stream, entry.Type, [.. entry.Shape.Skip(1)], shares, e => (nint)(file.Address(name) + (e * bytes)));
            }
        });
    }

    private static void Write(Stream stream, SafetensorsType type, long[] shape, IReadOnlyList<ExpertShare> shares, Func<int, nint> addressOf)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor stored = empty(shape, type.ScalarType);
        Read(addressOf(shares[0].Expert), stored);
        if (shares.Count > 1)
        {
            Tensor mean = stored.to(ScalarType.Float32) * Held(shares[0].Share);
            foreach (ExpertShare share in shares.Skip(1))
            {
                Read(addressOf(share.Expert), stored);
                mean.add_(stored, alpha: Held(share.Share));
            }

            stored.copy_(mean);
        }

        TensorBytes.ForEachChunk(stored, chunk => stream.Write(chunk));
    }

    private static unsafe void Read(nint address, Tensor into)
    {
        var at = (byte*)address;
        TensorBytes.ForEachChunk(into, chunk =>
        {
            new ReadOnlySpan<byte>(at, chunk.Length).CopyTo(chunk);
            at += chunk.Length;
        });
    }
}
