using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Tests.Tiles;

public sealed unsafe class TileTests
{
    public static TheoryData<InstructionSet> Sets() => Engines.Sets();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_tile_has_the_bits_of_the_scalar_reference(InstructionSet set)
    {
        using var tiles = new TileKernels(KernelOptions.FromEnvironment() with { InstructionSet = set });
        var random = new Random(1);
        for (int rows = 1; rows <= TileKernels.MaxRows; rows++)
        {
            foreach (int lanes in (int[])[1, 16, 17, 32])
            {
                foreach (int k in (int[])[1, 2, 3, 4, 5, 7, 8, 13, 64, 101])
                {
                    foreach (TileOperand operand in Enum.GetValues<TileOperand>())
                    {
                        foreach (TileOutput output in (TileOutput[])[TileOutput.Store, TileOutput.Continue])
                        {
                            Compare(tiles, random, rows, lanes, k, operand, output, Arithmetic.Fp32);
                            Compare(tiles, random, rows, lanes, k, operand, output, Arithmetic.Bf16);
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void A_sum_cut_along_k_has_the_bits_of_the_uncut_sum()
    {
        using var tiles = new TileKernels(KernelOptions.FromEnvironment());
        var random = new Random(2);
        using GuardedMemory a = GuardedMemory.Random(random, 12 * 100);
        using GuardedMemory b = GuardedMemory.Random(random, 100 * 32);
        using var whole = new GuardedMemory(12 * 32);
        using var cut = new GuardedMemory(12 * 32);
        Multiply(whole, 0, 100, TileOutput.Store);
        Multiply(cut, 0, 37, TileOutput.Store);
        Multiply(cut, 37, 63, TileOutput.Continue);
        Assert.Equal(whole.Span.ToArray(), cut.Span.ToArray());

        void Multiply(GuardedMemory c, int from, int length, TileOutput output)
        {
            var tile = new TileArguments
            {
                A0 = a.Pointer + from,
                A1 = a.Pointer + 600 + from,
                AStride = 400,
                B = b.Pointer + (from * 32),
                C0 = c.Pointer,
                C1 = c.Pointer + (6 * 32),
                CStride = 128,
                K = length,
            };
            tiles.Multiply(&tile, 12, 32, TileOperand.Rows, output);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_int8_tile_has_the_bits_of_the_scalar_reference(InstructionSet set)
    {
        using var tiles = new TileKernels(KernelOptions.FromEnvironment() with { InstructionSet = set });
        var random = new Random(3);
        for (int rows = 1; rows <= TileKernels.MaxRows; rows++)
        {
            foreach (int lanes in (int[])[1, 16, 17, 32])
            {
                foreach (int group in (int[])[32, 64, 128])
                {
                    foreach (int groups in (int[])[1, 2, 5])
                        CompareGroups(tiles, random, rows, lanes, group, groups);
                }
            }
        }
    }

    private static void CompareGroups(TileKernels tiles, Random random, int rows, int lanes, int group, int groups)
    {
        int rounded = lanes <= 16 ? 16 : 32, first = (rows + 1) / 2, k = group * groups;
        var encoding = new PanelEncoding(Arithmetic.Int8, group);
        using GuardedMemory panel = GuardedMemory.Random(random, k * 32);
        using var b = new GuardedMemory(encoding.Lines(k) * 32);
        encoding.Encode(panel.Pointer, k, rounded, b.Pointer);
        using var a = new GuardedMemory(rows * k / 4);
        random.NextBytes(new Span<byte>(a.Pointer, rows * k));
        using GuardedMemory scales = GuardedMemory.Random(random, groups * TileKernels.MaxRows);
        using GuardedMemory c = GuardedMemory.Random(random, ((rows - 1) * 32) + rounded);
        using var expected = new GuardedMemory(c.Count);
        foreach (TileOutput output in (TileOutput[])[TileOutput.Store, TileOutput.Continue])
        {
            c.Span.CopyTo(expected.Span);
            var tile = new TileArguments
            {
                A0 = a.Pointer,
                A1 = (float*)((byte*)a.Pointer + (first * k)),
                AStride = k,
                B = b.Pointer,
                C0 = c.Pointer,
                C1 = c.Pointer + (first * 32),
                CStride = 128,
                K = groups,
                Scales = scales.Pointer,
                Steps = group / 4,
            };
            tiles.Multiply(&tile, rows, lanes, TileOperand.Rows, output, Arithmetic.Int8);
            tile.C0 = expected.Pointer;
            tile.C1 = expected.Pointer + (first * 32);
            for (int row = 0; output == TileOutput.Store && row < rows; row++)
                expected.Span.Slice(row * 32, rounded).Clear();
            ReferenceTile.MultiplyGroups(&tile, rows, rounded);
            Assert.True(expected.Span.SequenceEqual(c.Span), $"{rows} × {lanes}, {groups} groups of {group}, {output}");
        }
    }

    private static void Compare(TileKernels tiles, Random random, int rows, int lanes, int k, TileOperand operand, TileOutput output, Arithmetic arithmetic)
    {
        int rounded = lanes <= 16 ? 16 : 32, first = (rows + 1) / 2;
        bool columns = operand == TileOperand.Columns;
        // A row-major operand ends with its last value; a packed one has exactly the rows of the tile in a line.
        using GuardedMemory a = GuardedMemory.Random(random, rows * k, atEnd: random.Next(2) == 0);
        using GuardedMemory b = GuardedMemory.Random(random, ((k - 1) * 32) + rounded);
        if (arithmetic == Arithmetic.Bf16)
        {
            MakePairs(a);
            MakePairs(b);
        }
        using GuardedMemory c = GuardedMemory.Random(random, ((rows - 1) * 32) + rounded);
        using var expected = new GuardedMemory(c.Count);
        c.Span.CopyTo(expected.Span);
        var tile = new TileArguments
        {
            A0 = a.Pointer,
            A1 = columns ? null : a.Pointer + (first * k),
            AStride = (columns ? rows : k) * sizeof(float),
            B = b.Pointer,
            C0 = c.Pointer,
            C1 = c.Pointer + (first * 32),
            CStride = 128,
            K = k,
        };
        tiles.Multiply(&tile, rows, lanes, operand, output, arithmetic);
        tile.C0 = expected.Pointer;
        tile.C1 = expected.Pointer + (first * 32);
        ReferenceTile.Multiply(&tile, rows, rounded, operand, output, arithmetic);
        string where = $"{rows} × {lanes}, k = {k}, {operand}, {output}, {arithmetic}";
        // How vdpbf16ps rounds within a pair is the processor's affair.
        if (arithmetic == Arithmetic.Fp32 && (Fma.IsSupported || RuntimeInformation.ProcessArchitecture == Architecture.Arm64))
            Assert.True(expected.Span.SequenceEqual(c.Span), where);
        for (int i = 0; i < c.Count; i++)
            Assert.True(MathF.Abs(expected.Pointer[i] - c.Pointer[i]) <= 1e-5f * MathF.Sqrt(k), where);
    }

    /// <summary>The low half of each value becomes a bf16 of the same size.</summary>
    private static void MakePairs(GuardedMemory memory)
    {
        foreach (ref float value in memory.Span)
        {
            uint high = BitConverter.SingleToUInt32Bits(value) >> 16;
            value = BitConverter.UInt32BitsToSingle((high << 16) | (high ^ 0x8005));
        }
    }
}
