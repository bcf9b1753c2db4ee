using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>A row of bf16.</summary>
/// <param name="values">[K].</param>
internal readonly unsafe struct BFloat16Row(ushort* values) : IRow<Vector512<float>>, IRow<Vector256<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(nint k, out Vector512<float> low, out Vector512<float> high)
    {
        low = (Avx512F.ConvertToVector512Int32(Vector256.Load((short*)values + k)) << 16).AsSingle();
        high = (Avx512F.ConvertToVector512Int32(Vector256.Load((short*)values + k + 16)) << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(nint k, out Vector256<float> low, out Vector256<float> high)
    {
        low = (Avx2.ConvertToVector256Int32(Vector128.Load((short*)values + k)) << 16).AsSingle();
        high = (Avx2.ConvertToVector256Int32(Vector128.Load((short*)values + k + 8)) << 16).AsSingle();
    }

    public float Value(nint k) => BitConverter.UInt32BitsToSingle((uint)values[k] << 16);
}
