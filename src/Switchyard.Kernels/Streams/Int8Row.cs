using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>A row of signed bytes with scales.</summary>
/// <param name="values">[K].</param>
/// <param name="scales">[⌈K / 2^shift⌉].</param>
/// <param name="shift">Base-2 logarithm of the columns that share a scale, 5 or more.</param>
internal readonly unsafe struct Int8Row(sbyte* values, float* scales, int shift) : IRow<Vector512<float>>, IRow<Vector256<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(nint k, out Vector512<float> low, out Vector512<float> high)
    {
        Vector512<float> scale = Vector512.Create(scales[k >> shift]);
        low = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(values + k))) * scale;
        high = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(values + k + 16))) * scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(nint k, out Vector256<float> low, out Vector256<float> high)
    {
        Vector256<float> scale = Vector256.Create(scales[k >> shift]);
        Vector128<sbyte> bytes = Vector128.Load(values + k);
        low = Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(bytes)) * scale;
        high = Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Sse2.ShiftRightLogical128BitLane(bytes, 8))) * scale;
    }

    public float Value(nint k) => values[k] * scales[k >> shift];
}
