using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Panels;

/// <summary>
/// How a panel of tokens stands in memory for an arithmetic; every line is 32 lanes of 32 bits.
/// <code>
/// fp32   [K, 32]         one value of k a line
/// bf16   [⌈K/2⌉, 32, 2]  two values of k a line, the even one in the low half
/// </code>
/// </summary>
internal readonly unsafe struct PanelEncoding(Arithmetic arithmetic)
{
    public Arithmetic Arithmetic { get; } = arithmetic;

    /// <summary>Whether an fp32 panel is one already.</summary>
    public bool IsPlain => Arithmetic == Arithmetic.Fp32;

    /// <summary>Lines of a panel of so many values of k, and the line at which value k begins, which begins a line.</summary>
    public int Lines(int k) => Arithmetic == Arithmetic.Bf16 ? (k + 1) / 2 : k;

    /// <summary>Encodes an fp32 panel; the two may be the same memory.</summary>
    /// <param name="panel">[K, 32], of which <paramref name="lanes"/> are read.</param>
    /// <param name="k">K.</param>
    /// <param name="lanes">16 or 32.</param>
    /// <param name="target">[<see cref="Lines"/>, 32].</param>
    public void Encode(float* panel, int k, int lanes, float* target)
    {
        if (!IsPlain)
            ToPairs(panel, k, Panel.Lanes, lanes, target);
        else if (panel != target)
            Buffer.MemoryCopy(panel, target, (long)k * Panel.Lanes * sizeof(float), (long)k * Panel.Lanes * sizeof(float));
    }

    /// <summary>Joins lines 2p and 2p + 1, rounded to bf16, to line p; behind an odd last line stand zeros.</summary>
    /// <param name="source">[K, pitch].</param>
    /// <param name="k">K.</param>
    /// <param name="pitch">Values between lines.</param>
    /// <param name="width">Values of a line, a multiple of 8.</param>
    /// <param name="target">[⌈K/2⌉, pitch]; may be the source.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToPairs(float* source, int k, int pitch, int width, float* target)
    {
        for (int line = 0; line < k; line += 2)
        {
            float* even = source + ((nint)line * pitch), odd = even + pitch, to = target + ((nint)(line / 2) * pitch);
            for (int i = 0; i < width; i += 8)
            {
                Vector256<uint> high = line + 1 < k ? BFloat16Rounding.Round(Vector256.Load(odd + i)) & Vector256.Create(0xFFFF0000u) : Vector256<uint>.Zero;
                ((BFloat16Rounding.Round(Vector256.Load(even + i)) >> 16) | high).AsSingle().Store(to + i);
            }
        }
    }
}
