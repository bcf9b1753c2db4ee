using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Kernels.Streams;

/// <summary>
/// The tokens of a streamed product: as they are, and where the weights are integers and the arithmetic allows it, in 16-bit integers as well, in groups of 32 columns:
/// x ≈ q · s with s = max|x| ÷ 32639 over the group. A product with integer weights is then exact but for x, which is off by at most s/2.
/// </summary>
/// <remarks>
/// For <see cref="IntegerRowProduct"/> q is a 16-bit word; for <see cref="RowKernels"/> it is two signed bytes, q = 256·h + l, and of each 128 columns come
/// the h of the first sixteen bytes of codes of each 32 columns, those of the others, and likewise l (hence 32639 = 256·127 + 127).
/// </remarks>
internal readonly unsafe struct StreamTokens
{
    /// <summary>Columns that share a scale.</summary>
    public const int Group = 32;

    /// <summary>Columns whose scales are one vector; what is encoded is filled up to it with zeros.</summary>
    public const int Chunk = 256;

    /// <summary>Columns that are ordered together.</summary>
    public const int Block = 64;

    private const int GroupsOfChunk = Chunk / Group;

    /// <summary>Floats of a chunk of a token: values in 16 bits, scales and sums.</summary>
    private const int FloatsOfChunk = (Chunk / 2) + (2 * GroupsOfChunk);

    /// <summary>Bytes of a chunk of a token that is encoded for <see cref="RowKernels"/>: values, the scales of eight groups, and their s · Σq.</summary>
    public const int BytesOfChunk = FloatsOfChunk * sizeof(float);

    /// <summary>Bytes of half a chunk's values, and where its scales begin, and the sums.</summary>
    public const int BytesOfHalf = Chunk, ScalesAt = 2 * BytesOfHalf, SumsAt = ScalesAt + (GroupsOfChunk * sizeof(float));

    /// <summary>Bytes between the h of a group's first codes and those of its others, and on to the l of both.</summary>
    public const int Line = 64;

    private const float Largest = 32639;

    private readonly float* _memory;

    /// <summary>Takes tokens, and encodes them where the form is one of integers.</summary>
    /// <param name="rows">Addresses of the tokens, [count], each [length].</param>
    /// <param name="count">Tokens.</param>
    /// <param name="length">Values of a token, K.</param>
    /// <param name="form">What the weights are multiplied as.</param>
    /// <param name="kernels">Assembled kernels for rows of integers, which are used where there are any.</param>
    /// <param name="memory"><see cref="Floats"/> of them; kept as long as the tokens are used.</param>
    public StreamTokens(float** rows, int count, int length, IntegerForm form, RowKernels kernels, float* memory)
    {
        Rows = rows;
        Count = count;
        Length = length;
        Form = form;
        _memory = memory;
        Kernels = form != IntegerForm.None && kernels.AreSupported ? kernels : null;
        for (int t = 0; t < count; t++)
        {
            if (Kernels is not null)
                EncodeBytes(t);
            else if (form == IntegerForm.Bytes)
                Encode<ByteCodes>(t);
            else if (form == IntegerForm.Nibbles)
                Encode<NibbleCodes>(t);
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

    /// <summary>Whether they are encoded.</summary>
    public bool AreIntegers => Form != IntegerForm.None;

    /// <summary>The kernels that they are encoded for, or null: <see cref="IntegerRowProduct"/>.</summary>
    public RowKernels? Kernels { get; }

    /// <summary>Bytes between tokens that are encoded for kernels.</summary>
    public nint Stride => (nint)Chunks * BytesOfChunk;

    private int Chunks => ChunksOf(Length);

    /// <summary>Floats that encoding takes.</summary>
    public static long Floats(int count, int length, IntegerForm form) => form == IntegerForm.None ? 0 : (long)count * ChunksOf(length) * FloatsOfChunk;

    /// <summary>Floats that encoding takes at most, whatever the form.</summary>
    public static long MostFloats(int count, int length) => Floats(count, length, IntegerForm.Bytes);

    /// <summary>q, [chunks, 256], in each 64 in the order of the codes.</summary>
    public short* Values(int token) => (short*)Encoded(token);

    /// <summary>s, [chunks, 8].</summary>
    public float* Scales(int token) => _memory + ((((nint)token * FloatsOfChunk) + (Chunk / 2)) * Chunks);

    /// <summary>s · Σq, [chunks, 8].</summary>
    public float* Sums(int token) => Scales(token) + ((nint)Chunks * GroupsOfChunk);

    /// <summary>A token as <see cref="RowKernels"/> read it, [chunks, <see cref="BytesOfChunk"/>].</summary>
    public float* Encoded(int token) => _memory + ((nint)token * Chunks * FloatsOfChunk);

    /// <summary>Where in a chunk the h of a group's first codes lie.</summary>
    public static int PlaceOf(int group) => (group / 4 * BytesOfHalf) + (group % 4 * 16);

    private static int ChunksOf(int length) => (length + Chunk - 1) / Chunk;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private void Encode<TCodes>(int token)
        where TCodes : struct, IIntegerCodes
    {
        float* x = Rows[token], scales = Scales(token), sums = Sums(token), padded = stackalloc float[Block];
        short* q = Values(token);
        int end = Chunks * Chunk;
        for (int k = 0; k < end; k += Block, q += Block, scales += 2, sums += 2)
        {
            float* from = k + Block <= Length ? x + k : Padded(x, k, padded, Block);
            Encode(from, out Vector256<short> a, out Vector256<short> b, scales, sums);
            Encode(from + Group, out Vector256<short> c, out Vector256<short> d, scales + 1, sums + 1);
            TCodes.Order(ref a, ref b, ref c, ref d);
            a.Store(q);
            b.Store(q + 16);
            c.Store(q + 32);
            d.Store(q + 48);
        }
    }

    /// <summary>Values that do not fill a block, in memory of their own, with zeros behind them.</summary>
    private float* Padded(float* x, int k, float* padded, int size)
    {
        int left = Math.Max(0, Length - k);
        new Span<float>(x + Math.Min(k, Length), left).CopyTo(new Span<float>(padded, size));
        new Span<float>(padded + left, size - left).Clear();
        return padded;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private void EncodeBytes(int token)
    {
        float* x = Rows[token], padded = stackalloc float[Group];
        byte* chunk = (byte*)Encoded(token);
        int end = Chunks * Chunk;
        for (int k = 0; k < end; k += Group)
        {
            int group = k / Group % GroupsOfChunk;
            Encode(k + Group <= Length ? x + k : Padded(x, k, padded, Group), out Vector256<short> first, out Vector256<short> second, (float*)(chunk + ScalesAt) + group, (float*)(chunk + SumsAt) + group);
            Vector512<short> q = Vector512.Create(first, second), high = (q + Vector512.Create((short)128)) >> 8;
            byte* to = chunk + PlaceOf(group);
            if (Form == IntegerForm.Nibbles)
            {
                Avx512F.ConvertToVector128Byte(high.AsInt32()).Store(to);
                Avx512F.ConvertToVector128Byte(high.AsInt32() >> 16).Store(to + Line);
                Avx512F.ConvertToVector128Byte(q.AsInt32()).Store(to + (2 * Line));
                Avx512F.ConvertToVector128Byte(q.AsInt32() >> 16).Store(to + (3 * Line));
            }
            else
            {
                Vector256<byte> h = Avx512BW.ConvertToVector256Byte(high), l = Avx512BW.ConvertToVector256Byte(q);
                h.GetLower().Store(to);
                h.GetUpper().Store(to + Line);
                l.GetLower().Store(to + (2 * Line));
                l.GetUpper().Store(to + (3 * Line));
            }
            if (group == GroupsOfChunk - 1)
                chunk += BytesOfChunk;
        }
    }

    /// <summary>A group of 32 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Encode(float* x, out Vector256<short> first, out Vector256<short> second, float* scale, float* sum)
    {
        Vector256<float> a = Vector256.Load(x), b = Vector256.Load(x + 8), c = Vector256.Load(x + 16), d = Vector256.Load(x + 24);
        Vector256<float> most = Vector256.Max(Vector256.Max(Vector256.Abs(a), Vector256.Abs(b)), Vector256.Max(Vector256.Abs(c), Vector256.Abs(d)));
        most = Vector256.Max(most, Avx.Permute2x128(most, most, 1));
        most = Vector256.Max(most, Avx.Permute(most, 0b01_00_11_10));
        most = Vector256.Max(most, Avx.Permute(most, 0b10_11_00_01));
        float largest = most.ToScalar();
        Vector256<float> inverse = Vector256.Create(largest > 0 ? Largest / largest : 0);
        Vector256<int> i = Avx.ConvertToVector256Int32(a * inverse), j = Avx.ConvertToVector256Int32(b * inverse);
        Vector256<int> k = Avx.ConvertToVector256Int32(c * inverse), l = Avx.ConvertToVector256Int32(d * inverse);
        first = Avx2.Permute4x64(Avx2.PackSignedSaturate(i, j).AsInt64(), 0xD8).AsInt16();
        second = Avx2.Permute4x64(Avx2.PackSignedSaturate(k, l).AsInt64(), 0xD8).AsInt16();
        *scale = largest * (1 / Largest);
        *sum = *scale * Vector256.Sum((i + j) + (k + l));
    }
}
