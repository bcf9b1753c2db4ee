using System.Runtime.Intrinsics;
using Switchyard.Kernels.Assembly;

namespace Switchyard.Kernels.Tiles;

/// <summary>
/// The tile kernels of one engine: assembled on first use and kept, or the portable ones. A tile is up to
/// <see cref="MaxRows"/> rows × 16 or 32 lanes, whatever the registers hold; narrower machines do it in parts.
/// </summary>
internal sealed unsafe class TileKernels : IDisposable
{
    /// <summary>Lanes of a panel.</summary>
    public const int PanelLanes = 32;

    /// <summary>Fewest lanes that a tile computes; a multiple of this is computed.</summary>
    public const int LaneStep = 16;

    /// <summary>Most rows of a tile.</summary>
    public const int MaxRows = 12;

    private readonly InstructionSet _instructions;
    private readonly CodeTable _code = new(3 * 2 * 3 * 2 * (MaxRows + 1));

    public TileKernels(KernelOptions options) => _instructions = options.Effective;

    /// <summary>What runs: <see cref="InstructionSet.Portable"/> also where the operating system refused executable pages.</summary>
    public InstructionSet InstructionSet => _code.IsRefused ? InstructionSet.Portable : _instructions;

    /// <summary>Whether the processor multiplies with an instruction of its own; the portable kernels are right everywhere, and slow.</summary>
    public bool IsAssembled(Arithmetic arithmetic) => ProcessorFeatures.Has(InstructionSet, arithmetic);

    /// <summary>C[rows, lanes] = (or continues) Σ A·B, lanes 1 to 32, of which the next multiple of <see cref="LaneStep"/> is read and written.</summary>
    public void Multiply(TileArguments* tile, int rows, int lanes, TileOperand operand, TileOutput output, Arithmetic arithmetic = Arithmetic.Fp32)
    {
        if (arithmetic == Arithmetic.Int8)
        {
            MultiplyGroups(tile, rows, lanes, output);
            return;
        }
        int rounded = lanes <= LaneStep ? LaneStep : PanelLanes;
        switch (IsAssembled(arithmetic) ? InstructionSet : InstructionSet.Portable)
        {
            case InstructionSet.Avx512:
                nint entry = Entry(rows, rounded / 16, operand, output, arithmetic);
                if (entry == 0)
                    break;
                ((delegate* unmanaged[SuppressGCTransition]<TileArguments*, void>)entry)(tile);
                return;
            case InstructionSet.Avx2:
                if (MultiplyAvx2(tile, rows, rounded, operand, output))
                    return;
                break;
        }
        Portable(tile, rows, rounded, operand, output, arithmetic);
    }

    /// <summary>C[rows, lanes] = (or continues) Σ over groups of int8.</summary>
    private void MultiplyGroups(TileArguments* tile, int rows, int lanes, TileOutput output)
    {
        int rounded = lanes <= LaneStep ? LaneStep : PanelLanes, first = (rows + 1) / 2;
        for (int row = 0; output == TileOutput.Store && row < rows; row++)
            new Span<float>((byte*)(row < first ? tile->C0 : tile->C1) + ((row < first ? row : row - first) * tile->CStride), rounded).Clear();
        nint entry = IsAssembled(Arithmetic.Int8) ? Entry(rows, rounded / 16, TileOperand.Rows, TileOutput.Continue, Arithmetic.Int8) : 0;
        if (entry == 0)
            ReferenceTile.MultiplyGroups(tile, rows, rounded);
        else
            ((delegate* unmanaged[SuppressGCTransition]<TileArguments*, void>)entry)(tile);
    }

    /// <summary>The same in C#, at the widest vectors of the runtime.</summary>
    public static void Portable(TileArguments* tile, int rows, int lanes, TileOperand operand, TileOutput output, Arithmetic arithmetic)
    {
        if (Vector512.IsHardwareAccelerated && lanes == PanelLanes)
            Portable<Lanes512, Vector512<float>>(tile, rows, lanes, operand, output, arithmetic);
        else if (Vector256.IsHardwareAccelerated)
            Portable<Lanes256, Vector256<float>>(tile, rows, lanes, operand, output, arithmetic);
        else
            Portable<Lanes128, Vector128<float>>(tile, rows, lanes, operand, output, arithmetic);
    }

    public void Dispose() => _code.Dispose();

    private static void Portable<TLanes, TVector>(TileArguments* tile, int rows, int lanes, TileOperand operand, TileOutput output, Arithmetic arithmetic)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        if (arithmetic == Arithmetic.Bf16)
            PortableTile<TLanes, TVector, BFloat16Dot<TLanes, TVector>>.Multiply(tile, rows, lanes, operand, output);
        else
            PortableTile<TLanes, TVector, Float32Dot<TLanes, TVector>>.Multiply(tile, rows, lanes, operand, output);
    }

    /// <summary>Four parts: each half of the rows × each 16 lanes.</summary>
    private bool MultiplyAvx2(TileArguments* tile, int rows, int lanes, TileOperand operand, TileOutput output)
    {
        int first = (rows + 1) / 2, second = rows - first;
        // Both are there before either runs: a half that has run must not run again.
        nint firstEntry = Entry(first, 2, operand, output, Arithmetic.Fp32), secondEntry = second == 0 ? firstEntry : Entry(second, 2, operand, output, Arithmetic.Fp32);
        if (firstEntry == 0 || secondEntry == 0)
            return false;
        TileArguments part = *tile;
        for (int half = 0; half < 2; half++)
        {
            int count = half == 0 ? first : second;
            if (count == 0)
                break;
            // A part is itself a tile of two halves.
            int quarter = (count + 1) / 2;
            float* a = half == 0 ? tile->A0 : operand == TileOperand.Columns ? tile->A0 + first : tile->A1;
            float* c = half == 0 ? tile->C0 : tile->C1;
            nint entry = half == 0 ? firstEntry : secondEntry;
            part.A0 = a;
            part.A1 = (float*)((byte*)a + (quarter * tile->AStride));
            for (int lane = 0; lane < lanes; lane += 16)
            {
                part.B = tile->B + lane;
                part.C0 = c + lane;
                part.C1 = (float*)((byte*)c + (quarter * tile->CStride)) + lane;
                ((delegate* unmanaged[SuppressGCTransition]<TileArguments*, void>)entry)(&part);
            }
        }
        return true;
    }

    private nint Entry(int rows, int vectors, TileOperand operand, TileOutput output, Arithmetic arithmetic)
    {
        int index = (((((((int)arithmetic * 2) + (int)operand) * 3) + (int)output) * 2) + vectors - 1) * (MaxRows + 1) + rows;
        return _code.Entry(index, new TileShape(_instructions, rows, vectors, operand, output, arithmetic), static shape =>
            shape.Arithmetic == Arithmetic.Int8 ? GroupTileGenerator.Generate(shape.Rows, shape.Vectors) : TileGenerator.Generate(shape));
    }
}
