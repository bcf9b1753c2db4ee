using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// The tokens of a streamed product: as they are, and where the weights are integers and the arithmetic allows it, in 16-bit integers by group as well:
/// x ≈ q · s with s = max|x| ÷ 32767 over a group of columns. A product with integer weights is then exact but for x, which is off by at most s/2.
/// </summary>
internal readonly unsafe struct StreamTokens
{
    private const float Largest = 32767;

    private readonly float* _memory;

    /// <summary>Takes tokens, and encodes them where the form is one of integers.</summary>
    /// <param name="rows">Addresses of the tokens, [count], each [length].</param>
    /// <param name="count">Tokens.</param>
    /// <param name="length">Values of a token, K.</param>
    /// <param name="form">What the weights are multiplied as.</param>
    /// <param name="memory"><see cref="Floats"/> of them; kept as long as the tokens are used.</param>
    public StreamTokens(float** rows, int count, int length, IntegerForm form, float* memory)
    {
        Rows = rows;
        Count = count;
        Length = length;
        Form = length >= IntegerForm.Block ? form : IntegerForm.None;
        _memory = memory;
        for (int t = 0; Form.Exists && t < count; t++)
        {
            for (int g = 0; g < Groups; g++)
                Encode(t, g);
        }
    }

    /// <summary>Addresses of the tokens, [count], each [K].</summary>
    public float** Rows { get; }

    /// <summary>Tokens.</summary>
    public int Count { get; }

    /// <summary>Values of a token, K.</summary>
    public int Length { get; }

    /// <summary>What they are encoded for.</summary>
    public IntegerForm Form { get; }

    /// <summary>Columns that are encoded: whole blocks.</summary>
    public int Encoded => Length / IntegerForm.Block * IntegerForm.Block;

    /// <summary>Groups of them, the last one perhaps shorter.</summary>
    public int Groups => (Encoded + Form.Group - 1) / Form.Group;

    /// <summary>Floats that encoding takes.</summary>
    public static long Floats(int count, int length, IntegerForm form) => form.Exists ? count * Pitch(length, form) : 0;

    /// <summary>Floats that encoding takes at most, whatever the form.</summary>
    public static long MostFloats(int count, int length) => Floats(count, length, new IntegerForm(IntegerForm.Block, false));

    /// <summary>q, [K].</summary>
    public short* Values(int token) => (short*)(_memory + (token * Pitch(Length, Form)));

    /// <summary>s, [groups].</summary>
    public float* Scales(int token) => _memory + (token * Pitch(Length, Form)) + (Length / 2);

    /// <summary>s · Σq, [groups].</summary>
    public float* Sums(int token) => Scales(token) + (Length / IntegerForm.Block);

    private static long Pitch(int length, IntegerForm form) => form.Exists ? ((length / 2) + (2L * length / IntegerForm.Block) + 16) & ~15L : 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Encode(int token, int group)
    {
        int from = group * Form.Group, to = Math.Min(from + Form.Group, Encoded);
        float* x = Rows[token];
        short* q = Values(token);
        Vector256<float> most = Vector256<float>.Zero;
        for (int k = from; k < to; k += 8)
            most = Vector256.Max(most, Vector256.Abs(Vector256.Load(x + k)));
        float largest = 0;
        for (int i = 0; i < Vector256<float>.Count; i++)
            largest = MathF.Max(largest, most[i]);
        Vector256<float> inverse = Vector256.Create(largest > 0 ? Largest / largest : 0);
        Vector256<int> sum = Vector256<int>.Zero;
        for (int k = from; k < to; k += 16)
        {
            Vector256<float> a = Vector256.Load(x + k) * inverse, b = Vector256.Load(x + k + 8) * inverse;
            Vector256<int> low = Avx.ConvertToVector256Int32(a), high = Avx.ConvertToVector256Int32(b);
            sum += low + high;
            Vector256<short> packed = Avx2.Permute4x64(Avx2.PackSignedSaturate(low, high).AsInt64(), 0xD8).AsInt16();
            if (Form.IsSplit)
                Split(packed, q + from + ((k - from) / 32 * 32) + ((k - from) % 32 / 2));
            else
                packed.Store(q + k);
        }
        float scale = largest * (1 / Largest);
        Scales(token)[group] = scale;
        Sums(token)[group] = scale * Vector256.Sum(sum);
    }

    /// <summary>Of 16 values the even ones to the target, the odd ones 16 places behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(Vector256<short> values, short* target)
    {
        Vector256<short> order = Avx2.Shuffle(values.AsByte(), Vector256.Create((byte)0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15)).AsInt16();
        Vector256<short> halves = Avx2.Permute4x64(order.AsInt64(), 0xD8).AsInt16();
        halves.GetLower().Store(target);
        halves.GetUpper().Store(target + 16);
    }
}
