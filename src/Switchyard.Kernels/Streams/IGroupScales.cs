using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Streams;

/// <summary>The scales of a row's weights for 256 columns: one for each 32, whatever the size of their groups.</summary>
internal unsafe interface IGroupScales
{
    /// <summary>Scales of 256 columns, from their first scale on.</summary>
    static abstract Vector256<float> Load(float* scales);

    /// <summary>Scales of fewer columns, whose scales alone are read: <paramref name="count"/> times 32 of them, 1 to 8. What lies beyond is finite.</summary>
    static abstract Vector256<float> Load(float* scales, int count);
}
