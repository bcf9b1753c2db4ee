using System.Runtime.Intrinsics.X86;
using Switchyard.Kernels.Panels;

namespace Switchyard.Kernels.FeedForward;

/// <summary>How work is cut to fit the caches. None of these numbers changes the bits of a result.</summary>
internal static class Blocking
{
    /// <summary>Values of k that a panel holds in the second cache at once.</summary>
    public const int SumBlock = 1024;

    /// <summary>Rows of a matrix gradient in one piece of work.</summary>
    public const int GradientRows = 4 * Panel.ColumnRows;

    /// <summary>Pieces for each thread, so that the last ones end together.</summary>
    public const int PiecesPerThread = 4;

    private static readonly long s_secondCache = SecondCacheBytes();

    /// <summary>⌈count / size⌉.</summary>
    public static int Blocks(int count, int size) => (count + size - 1) / size;

    /// <summary>Panels that share one sweep over the weights: what half of the second cache holds.</summary>
    public static int PanelsPerSweep(int length)
    {
        long panel = (long)Math.Min(length, SumBlock) * Panel.Lanes * sizeof(float);
        return (int)Math.Clamp(s_secondCache / 2 / panel, 1, 8);
    }

    private static long SecondCacheBytes()
    {
        const long Assumed = 512 * 1024;
        if (!X86Base.IsSupported)
            return Assumed;
        (int largest, _, _, _) = X86Base.CpuId(unchecked((int)0x80000000), 0);
        if ((uint)largest < 0x80000006)
            return Assumed;
        (_, _, int ecx, _) = X86Base.CpuId(unchecked((int)0x80000006), 0);
        long kilobytes = (uint)ecx >> 16;
        return kilobytes is >= 256 and <= 4096 ? kilobytes * 1024 : Assumed;
    }
}
