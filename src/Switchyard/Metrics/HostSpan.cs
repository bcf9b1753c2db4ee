using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Metrics;

/// <summary>Tensors as spans of the host's memory.</summary>
internal static class HostSpan
{
    /// <summary>The elements in row-major order: the tensor's own memory where type, place and layout allow, else a copy that belongs to the current dispose scope.</summary>
    public static ReadOnlySpan<T> Of<T>(Tensor tensor, ScalarType type)
        where T : struct =>
        MemoryMarshal.Cast<byte, T>(tensor.detach().to(type, CPU).contiguous().bytes);
}
