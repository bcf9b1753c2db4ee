using Iced.Intel;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;
using static Iced.Intel.AssemblerRegisters;
using static Switchyard.Kernels.Assembly.MachineCode;

namespace Switchyard.Kernels.Assembly;

/// <summary>
/// Writes the int8 tile kernel of a number of rows and vectors for x64 with AVX-512 and VNNI. For every group of k the
/// sums start from the panel's line of −128·Σq, which undoes the 128 that was added to the weights; each row broadcasts
/// four bytes at a time (<c>vpdpbusd</c>). At the end of the group the sums are made fp32, scaled by the token's and the
/// weight's scale, and added to C.
/// </summary>
internal sealed class GroupTileGenerator : TileCode
{
    private const int Line = Panel.Lanes * sizeof(float);
    private const int Unroll = 4;
    private const int Broadcasts = 6;
    private static readonly AssemblerRegister64 s_steps = rax;
    private static readonly AssemblerRegister64 s_head = rsi;
    private static readonly AssemblerRegister64 s_c = rdi;
    private static readonly AssemblerRegister64 s_groups = rbp;
    private static readonly AssemblerRegister64 s_scales = r12;

    private readonly int _vectors;

    private GroupTileGenerator(int rows, int vectors) : base(rows) => _vectors = vectors;

    private int Sums => Rows * _vectors;

    /// <summary>The machine code of one kernel.</summary>
    public static byte[] Generate(int rows, int vectors)
    {
        var generator = new GroupTileGenerator(rows, vectors);
        generator.Emit();
        return generator.Code.ToBytes();
    }

    private void Emit()
    {
        AssemblerRegister64[] saved = OperatingSystem.IsWindows() ? [rbx, rbp, r12, rsi, rdi] : [rbx, rbp, r12];
        Code.Enter(saved);
        Code.mov(Arguments, FirstArgument);
        LoadArguments();
        Label group = Code.CreateLabel();
        Label body = Code.CreateLabel();
        Code.Label(ref group);
        Code.mov(s_head, B);
        for (int i = 0; i < Sums; i++)
            Code.vmovups(Zmm(i), __zmmword_ptr[s_head + Line + (i % _vectors * 64)]);
        Code.add(B, PanelEncoding.HeadLines * Line);
        Code.mov(s_steps, Argument(nameof(TileArguments.Steps)));
        Code.Label(ref body);
        for (int step = 0; step < Unroll; step++)
            Step(step);
        Code.add(B, Unroll * Line);
        Code.add(A0, Unroll * 4);
        Code.add(A1, Unroll * 4);
        Code.sub(s_steps, Unroll);
        Code.jnz(body);
        Finish();
        Code.add(s_scales, TileKernels.MaxRows * sizeof(float));
        Code.dec(s_groups);
        Code.jnz(group);
        Code.Leave(saved);
    }

    private void LoadArguments()
    {
        Code.mov(A0, Argument(nameof(TileArguments.A0)));
        Code.mov(A1, Argument(nameof(TileArguments.A1)));
        Code.mov(Stride, Argument(nameof(TileArguments.AStride)));
        Code.lea(Stride3, __[Stride + Stride * 2]);
        Code.lea(Stride5, __[Stride + Stride * 4]);
        Code.mov(B, Argument(nameof(TileArguments.B)));
        Code.mov(s_groups, Argument(nameof(TileArguments.K)));
        Code.mov(s_scales, Argument(nameof(TileArguments.Scales)));
    }

    /// <summary>Four values of k.</summary>
    private void Step(int step)
    {
        for (int v = 0; v < _vectors; v++)
            Code.vmovdqu32(Zmm(Sums + v), __zmmword_ptr[B + (step * Line) + (v * 64)]);
        for (int row = 0; row < Rows; row++)
        {
            int value = Sums + _vectors + (row % Broadcasts);
            Code.vpbroadcastd(Zmm(value), RowValue(row, step));
            for (int v = 0; v < _vectors; v++)
                Code.vpdpbusd(Zmm((row * _vectors) + v), Zmm(value), Zmm(Sums + v));
        }
    }

    /// <summary>C += sum · scale of the token · scale of the weights.</summary>
    private void Finish()
    {
        for (int v = 0; v < _vectors; v++)
            Code.vmovups(Zmm(Sums + v), __zmmword_ptr[s_head + (v * 64)]);
        Code.mov(s_c, Argument(nameof(TileArguments.C0)));
        for (int row = 0; row < Rows; row++)
        {
            if (row == FirstHalf)
                Code.mov(s_c, Argument(nameof(TileArguments.C1)));
            for (int v = 0; v < _vectors; v++)
            {
                int sum = (row * _vectors) + v, c = Sums + _vectors + (sum % Broadcasts);
                Code.vcvtdq2ps(Zmm(sum), Zmm(sum));
                Code.vmulps(Zmm(sum), Zmm(sum), Zmm(Sums + v));
                Code.vmovups(Zmm(c), __zmmword_ptr[s_c + (v * 64)]);
                Code.vfmadd231ps(Zmm(c), Zmm(sum), __dword_bcst[s_scales + (row * sizeof(float))]);
                Code.vmovups(__zmmword_ptr[s_c + (v * 64)], Zmm(c));
            }
            Code.add(s_c, Argument(nameof(TileArguments.CStride)));
        }
    }
}
