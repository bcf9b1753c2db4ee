using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>The memory of contiguous CPU tensors.</summary>
internal static class TensorSpans
{
    /// <summary>Whether the elements lie in this process's memory as fp32, one after another.</summary>
    public static bool IsDenseFloat(this Tensor tensor) =>
        tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype == ScalarType.Float32 && tensor.is_contiguous();

    /// <summary>The elements of a contiguous CPU tensor, valid as long as the tensor is.</summary>
    public static Span<T> Elements<T>(this Tensor tensor)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
