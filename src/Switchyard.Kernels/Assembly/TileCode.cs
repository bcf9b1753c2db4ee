using System.Runtime.InteropServices;
using Iced.Intel;
using Switchyard.Kernels.Tiles;
using static Iced.Intel.AssemblerRegisters;

namespace Switchyard.Kernels.Assembly;

/// <summary>What the kernels of tiles share: registers, arguments, and the way to the rows of A.</summary>
/// <param name="rows">Rows of the tile.</param>
internal abstract class TileCode(int rows)
{
    protected static readonly AssemblerRegister64 Arguments = rbx;
    protected static readonly AssemblerRegister64 A0 = r8;
    protected static readonly AssemblerRegister64 A1 = r9;
    protected static readonly AssemblerRegister64 Stride = r10;
    protected static readonly AssemblerRegister64 Stride3 = r11;
    protected static readonly AssemblerRegister64 Stride5 = rdx;
    protected static readonly AssemblerRegister64 B = rcx;

    protected Assembler Code { get; } = new(64);

    protected int Rows => rows;

    /// <summary>Rows that are addressed from A0 and C0, the others from A1 and C1.</summary>
    protected int FirstHalf => (rows + 1) / 2;

    protected static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[Arguments + (int)Marshal.OffsetOf<TileArguments>(field)];

    /// <summary>Four bytes of a row of A, so many times four after the pointers.</summary>
    protected AssemblerMemoryOperand RowValue(int row, int step)
    {
        AssemblerRegister64 half = row < FirstHalf ? A0 : A1;
        int displacement = step * 4;
        return (row < FirstHalf ? row : row - FirstHalf) switch
        {
            0 => __dword_ptr[half + displacement],
            1 => __dword_ptr[half + Stride + displacement],
            2 => __dword_ptr[half + Stride * 2 + displacement],
            3 => __dword_ptr[half + Stride3 + displacement],
            4 => __dword_ptr[half + Stride * 4 + displacement],
            _ => __dword_ptr[half + Stride5 + displacement],
        };
    }
}
