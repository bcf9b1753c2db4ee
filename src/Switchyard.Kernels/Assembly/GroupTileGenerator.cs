using System.Runtime.InteropServices;
using Iced.Intel;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;
using static Iced.Intel.AssemblerRegisters;

namespace Switchyard.Kernels.Assembly;

/// <summary>
/// Writes the int8 tile kernel of a number of rows and vectors for x64 with AVX-512 and VNNI. For every group of k the
/// sums start from the panel's line of −128·Σq, which undoes the 128 that was added to the weights; each row broadcasts
/// four bytes at a time (<c>vpdpbusd</c>). At the end of the group the sums are made fp32, scaled by the token's and the
/// weight's scale, and added to C.
/// </summary>
internal sealed class GroupTileGenerator
{
    private const int Line = Panel.Lanes * sizeof(float);
    private const int Unroll = 4;
    private const int Broadcasts = 6;
    private static readonly AssemblerRegister64 s_arguments = rbx;
    private static readonly AssemblerRegister64 s_a0 = r8;
    private static readonly AssemblerRegister64 s_a1 = r9;
    private static readonly AssemblerRegister64 s_stride = r10;
    private static readonly AssemblerRegister64 s_stride3 = r11;
    private static readonly AssemblerRegister64 s_stride5 = rdx;
    private static readonly AssemblerRegister64 s_b = rcx;
    private static readonly AssemblerRegister64 s_steps = rax;
    private static readonly AssemblerRegister64 s_head = rsi;
    private static readonly AssemblerRegister64 s_c = rdi;
    private static readonly AssemblerRegister64 s_groups = rbp;
    private static readonly AssemblerRegister64 s_scales = r12;

    private readonly Assembler _code = new(64);
    private readonly int _rows, _vectors;

    private GroupTileGenerator(int rows, int vectors) => (_rows, _vectors) = (rows, vectors);

    private int Sums => _rows * _vectors;

    private int FirstHalf => (_rows + 1) / 2;

    /// <summary>The machine code of one kernel.</summary>
    public static byte[] Generate(int rows, int vectors)
    {
        var generator = new GroupTileGenerator(rows, vectors);
        generator.Emit();
        using var stream = new MemoryStream();
        generator._code.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }

    private void Emit()
    {
        AssemblerRegister64[] saved = OperatingSystem.IsWindows() ? [rbx, rbp, r12, rsi, rdi] : [rbx, rbp, r12];
        foreach (AssemblerRegister64 register in saved)
            _code.push(register);
        _code.mov(s_arguments, OperatingSystem.IsWindows() ? rcx : rdi);
        if (OperatingSystem.IsWindows())
            SaveVectors(restore: false);
        LoadArguments();
        Label group = _code.CreateLabel();
        Label body = _code.CreateLabel();
        _code.Label(ref group);
        _code.mov(s_head, s_b);
        for (int i = 0; i < Sums; i++)
            _code.vmovups(Zmm(i), __zmmword_ptr[s_head + Line + (i % _vectors * 64)]);
        _code.add(s_b, PanelEncoding.HeadLines * Line);
        _code.mov(s_steps, Argument(nameof(TileArguments.Steps)));
        _code.Label(ref body);
        for (int step = 0; step < Unroll; step++)
            Step(step);
        _code.add(s_b, Unroll * Line);
        _code.add(s_a0, Unroll * 4);
        _code.add(s_a1, Unroll * 4);
        _code.sub(s_steps, Unroll);
        _code.jnz(body);
        Finish();
        _code.add(s_scales, TileKernels.MaxRows * sizeof(float));
        _code.dec(s_groups);
        _code.jnz(group);
        if (OperatingSystem.IsWindows())
            SaveVectors(restore: true);
        _code.vzeroupper();
        foreach (AssemblerRegister64 register in saved.Reverse())
            _code.pop(register);
        _code.ret();
    }

    private void LoadArguments()
    {
        _code.mov(s_a0, Argument(nameof(TileArguments.A0)));
        _code.mov(s_a1, Argument(nameof(TileArguments.A1)));
        _code.mov(s_stride, Argument(nameof(TileArguments.AStride)));
        _code.lea(s_stride3, __[s_stride + s_stride * 2]);
        _code.lea(s_stride5, __[s_stride + s_stride * 4]);
        _code.mov(s_b, Argument(nameof(TileArguments.B)));
        _code.mov(s_groups, Argument(nameof(TileArguments.K)));
        _code.mov(s_scales, Argument(nameof(TileArguments.Scales)));
    }

    /// <summary>Four values of k.</summary>
    private void Step(int step)
    {
        for (int v = 0; v < _vectors; v++)
            _code.vmovdqu32(Zmm(Sums + v), __zmmword_ptr[s_b + (step * Line) + (v * 64)]);
        for (int row = 0; row < _rows; row++)
        {
            int value = Sums + _vectors + (row % Broadcasts);
            _code.vpbroadcastd(Zmm(value), Value(row, step));
            for (int v = 0; v < _vectors; v++)
                _code.vpdpbusd(Zmm((row * _vectors) + v), Zmm(value), Zmm(Sums + v));
        }
    }

    /// <summary>C += sum · scale of the token · scale of the weights.</summary>
    private void Finish()
    {
        for (int v = 0; v < _vectors; v++)
            _code.vmovups(Zmm(Sums + v), __zmmword_ptr[s_head + (v * 64)]);
        _code.mov(s_c, Argument(nameof(TileArguments.C0)));
        for (int row = 0; row < _rows; row++)
        {
            if (row == FirstHalf)
                _code.mov(s_c, Argument(nameof(TileArguments.C1)));
            for (int v = 0; v < _vectors; v++)
            {
                int sum = (row * _vectors) + v, c = Sums + _vectors + (sum % Broadcasts);
                _code.vcvtdq2ps(Zmm(sum), Zmm(sum));
                _code.vmulps(Zmm(sum), Zmm(sum), Zmm(Sums + v));
                _code.vmovups(Zmm(c), __zmmword_ptr[s_c + (v * 64)]);
                _code.vfmadd231ps(Zmm(c), Zmm(sum), __dword_bcst[s_scales + (row * sizeof(float))]);
                _code.vmovups(__zmmword_ptr[s_c + (v * 64)], Zmm(c));
            }
            _code.add(s_c, Argument(nameof(TileArguments.CStride)));
        }
    }

    private AssemblerMemoryOperand Value(int row, int step)
    {
        AssemblerRegister64 half = row < FirstHalf ? s_a0 : s_a1;
        int displacement = step * 4;
        return (row < FirstHalf ? row : row - FirstHalf) switch
        {
            0 => __dword_ptr[half + displacement],
            1 => __dword_ptr[half + s_stride + displacement],
            2 => __dword_ptr[half + s_stride * 2 + displacement],
            3 => __dword_ptr[half + s_stride3 + displacement],
            4 => __dword_ptr[half + s_stride * 4 + displacement],
            _ => __dword_ptr[half + s_stride5 + displacement],
        };
    }

    /// <summary>Windows wants xmm6 to xmm15 back as they were.</summary>
    private void SaveVectors(bool restore)
    {
        if (!restore)
            _code.sub(rsp, 160);
        for (int i = 6; i < 16; i++)
        {
            var register = new AssemblerRegisterXMM(Register.XMM0 + i);
            if (restore)
                _code.vmovups(register, __xmmword_ptr[rsp + ((i - 6) * 16)]);
            else
                _code.vmovups(__xmmword_ptr[rsp + ((i - 6) * 16)], register);
        }
        if (restore)
            _code.add(rsp, 160);
    }

    private static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[s_arguments + (int)Marshal.OffsetOf<TileArguments>(field)];

    private static AssemblerRegisterZMM Zmm(int index) => new(Register.ZMM0 + index);
}
