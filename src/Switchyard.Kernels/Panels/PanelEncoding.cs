using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Panels;

/// <summary>
/// How a panel of tokens stands in memory for an arithmetic; every line is 32 lanes of 32 bits.
/// <code>
/// fp32   [K, 32]             one value of k a line
/// bf16   [⌈K/2⌉, 32, 2]      two values of k a line, the even one in the low half
/// int8   [⌈K/S⌉, 2 + S/4, 32] for each S values of k: a line of scales s, one of −128·Σq, and S/4 of four int8 q each: x ≈ s·q, s = max|x| ÷ 127
/// </code>
/// </summary>
/// <param name="arithmetic">What the panel is multiplied in.</param>
/// <param name="group">S, for int8: 32, 64 or 128.</param>
internal readonly unsafe struct PanelEncoding(Arithmetic arithmetic, int group)
{
    /// <summary>Lines of a group of int8 before its values.</summary>
    public const int HeadLines = 2;

    /// <summary>Added to a number below 2²² it leaves the nearest integer in the low bits.</summary>
    private const float Magic = 12582912;

    /// <summary>What a tile multiplies; there are no tiles of 16-bit integers, whose rows are fp32 beyond the few that are streamed.</summary>
    public Arithmetic Arithmetic { get; } = arithmetic == Arithmetic.Int16 ? Arithmetic.Fp32 : arithmetic;

    /// <summary>S, for int8.</summary>
    public int Group { get; } = group;

    /// <summary>Whether an fp32 panel is one already.</summary>
    public bool IsPlain => Arithmetic == Arithmetic.Fp32;

    /// <summary>Lines of a panel of so many values of k, and the line at which value k begins, where it begins a line or a group.</summary>
    public int Lines(int k) => Arithmetic switch
    {
        Arithmetic.Bf16 => (k + 1) / 2,
        Arithmetic.Int8 => Elements(k) * (HeadLines + (Group / 4)),
        _ => k,
    };

    /// <summary>What a tile counts: values of k, pairs of them, or groups.</summary>
    public int Elements(int k) => Arithmetic switch
    {
        Arithmetic.Bf16 => (k + 1) / 2,
        Arithmetic.Int8 => (k + Group - 1) / Group,
        _ => k,
    };

    /// <summary>Encodes an fp32 panel into other memory; nothing is written where it is one already.</summary>
    /// <param name="panel">[K, 32], of which <paramref name="lanes"/> are read.</param>
    /// <param name="k">K.</param>
    /// <param name="lanes">16 or 32.</param>
    /// <param name="target">[<see cref="Lines"/>, 32].</param>
    public void Encode(float* panel, int k, int lanes, float* target)
    {
        if (Arithmetic == Arithmetic.Bf16)
            ToPairs(panel, k, lanes, target);
        for (int at = 0; Arithmetic == Arithmetic.Int8 && at < k; at += Group)
            ToGroup(panel + ((nint)at * Panel.Lanes), Math.Min(Group, k - at), Group, lanes, target + ((nint)Lines(at) * Panel.Lanes));
    }

    /// <summary>Joins lines 2p and 2p + 1, rounded to bf16, to line p; behind an odd last line stand zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ToPairs(float* source, int k, int lanes, float* target)
    {
        for (int line = 0; line < k; line += 2)
        {
            float* even = source + ((nint)line * Panel.Lanes), odd = even + Panel.Lanes, to = target + ((nint)(line / 2) * Panel.Lanes);
            for (int i = 0; i < lanes; i += 8)
            {
                Vector256<uint> high = line + 1 < k ? BFloat16Rounding.Round(Vector256.Load(odd + i)) & Vector256.Create(0xFFFF0000u) : Vector256<uint>.Zero;
                ((BFloat16Rounding.Round(Vector256.Load(even + i)) >> 16) | high).AsSingle().Store(to + i);
            }
        }
    }

    /// <summary>Quantizes up to S lines to one group; values beyond them are 0. A lane that holds no number gets a scale that is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ToGroup(float* source, int count, int size, int lanes, float* target)
    {
        for (int lane = 0; lane < lanes; lane += 8)
        {
            Vector256<float> largest = Vector256<float>.Zero;
            for (int k = 0; k < count; k++)
                largest = Vector256.Max(largest, Vector256.Abs(Vector256.Load(source + (k * Panel.Lanes) + lane)));
            Vector256<float> inverse = Vector256.ConditionalSelect(Vector256.Equals(largest, Vector256<float>.Zero), Vector256<float>.Zero, Vector256.Create(127f) / largest);
            (largest * Vector256.Create(1f / 127)).Store(target + lane);
            Vector256<int> sum = Vector256<int>.Zero, origin = Vector256.Create(Magic).AsInt32(), low = Vector256.Create(255);
            float* to = target + (HeadLines * Panel.Lanes) + lane;
            for (int k = 0; k < size; k += 4, to += Panel.Lanes)
            {
                Vector256<int> word = Vector256<int>.Zero;
                for (int i = 0; i < 4 && k + i < count; i++)
                {
                    Vector256<int> code = ((Vector256.Load(source + ((k + i) * Panel.Lanes) + lane) * inverse) + Vector256.Create(Magic)).AsInt32();
                    sum += code - origin;
                    word |= (code & low) << (8 * i);
                }
                word.AsSingle().Store(to);
            }
            (sum * -128).AsSingle().Store(target + Panel.Lanes + lane);
        }
    }
}
