using System.Runtime.InteropServices;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Files;

public sealed class TensorBytesTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(3, 4)]
    [InlineData(10, 1)]
    [InlineData(11, 1)]
    public void Pieces_of_any_size_are_the_memory_from_start_to_end(long elements, int pieces)
    {
        using var scope = NewDisposeScope();
        Tensor tensor = arange(10, ScalarType.Float32).reshape(2, 5);
        List<float> seen = [];
        int count = 0;

        TensorBytes.ForEachChunk(tensor, chunk =>
        {
            count++;
            seen.AddRange(MemoryMarshal.Cast<byte, float>(chunk).ToArray());
        }, elements);

        Assert.Equal(pieces, count);
        Assert.Equal(tensor.data<float>().ToArray(), seen);
    }
}
