using System.Runtime.InteropServices;
using Iced.Intel;
using Switchyard.Kernels.Tiles;
using static Iced.Intel.AssemblerRegisters;

namespace Switchyard.Kernels.Assembly;

/// <summary>
/// Writes the fp32 or bf16 tile kernel of one <see cref="TileShape"/> for x64. All sums of the tile live in registers: for every
/// k (every two of bf16: one dword as well) the lanes of B are loaded once, and each row broadcasts one value of A and multiplies it into them.
/// <code>
/// AVX-512: 12 rows × 2 vectors of 16 lanes: 24 sums, 2 vectors of B, 6 broadcasts in turn
/// AVX2:     6 rows × 2 vectors of 8 lanes:  12 sums, 2 vectors of B, 2 broadcasts in turn
/// </code>
/// One pointer to <see cref="TileArguments"/> is passed in; nothing is returned. Only registers that either calling
/// convention lets a callee change are used, but for those saved at the entry.
/// </summary>
internal sealed class TileGenerator
{
    private const int Unroll = 4;
    private const int PanelLine = 128;

    /// <summary>Values of k between those read and those prefetched: four cache lines.</summary>
    private const int Ahead = 64;
    private static readonly AssemblerRegister64 s_arguments = rbx;
    private static readonly AssemblerRegister64 s_a0 = r8;
    private static readonly AssemblerRegister64 s_a1 = r9;
    private static readonly AssemblerRegister64 s_stride = r10;
    private static readonly AssemblerRegister64 s_stride3 = r11;
    private static readonly AssemblerRegister64 s_stride5 = rdx;
    private static readonly AssemblerRegister64 s_b = rcx;
    private static readonly AssemblerRegister64 s_k = rax;

    private readonly Assembler _code = new(64);
    private readonly TileShape _shape;
    private readonly bool _wide;
    private readonly int _broadcasts;

    private TileGenerator(TileShape shape)
    {
        _shape = shape;
        _wide = shape.InstructionSet == InstructionSet.Avx512;
        int registers = _wide ? 32 : 16;
        int sums = shape.Rows * shape.Vectors;
        _broadcasts = Math.Min(6, registers - sums - shape.Vectors);
        if (shape.Rows < 1 || shape.Vectors is < 1 or > 2 || _broadcasts < 1 || shape.Arithmetic == Arithmetic.Int8 || (shape.Arithmetic == Arithmetic.Bf16 && !_wide))
            throw new ArgumentOutOfRangeException(nameof(shape), shape, "The tile does not fit the registers or the instructions.");
    }

    /// <summary>The machine code of one kernel.</summary>
    public static byte[] Generate(TileShape shape)
    {
        var generator = new TileGenerator(shape);
        generator.Emit();
        using var stream = new MemoryStream();
        generator._code.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }

    private int FirstHalf => (_shape.Rows + 1) / 2;

    private void Emit()
    {
        _code.push(rbx);
        _code.mov(s_arguments, OperatingSystem.IsWindows() ? rcx : rdi);
        if (OperatingSystem.IsWindows())
            SaveVectors();
        LoadSums();
        LoadArguments();

        Label body = _code.CreateLabel();
        Label tail = _code.CreateLabel();
        Label one = _code.CreateLabel();
        Label done = _code.CreateLabel();
        _code.sub(s_k, Unroll);
        _code.jl(tail);
        _code.Label(ref body);
        for (int step = 0; step < Unroll; step++)
            Step(step);
        Advance(Unroll);
        _code.sub(s_k, Unroll);
        _code.jge(body);
        _code.Label(ref tail);
        _code.add(s_k, Unroll);
        _code.jz(done);
        _code.Label(ref one);
        Step(0);
        Advance(1);
        _code.dec(s_k);
        _code.jnz(one);
        _code.Label(ref done);

        StoreSums();
        if (OperatingSystem.IsWindows())
            RestoreVectors();
        _code.vzeroupper();
        _code.pop(rbx);
        _code.ret();
    }

    private void LoadArguments()
    {
        _code.mov(s_a0, Argument(nameof(TileArguments.A0)));
        _code.mov(s_stride, Argument(nameof(TileArguments.AStride)));
        if (_shape.Operand == TileOperand.Rows)
        {
            _code.mov(s_a1, Argument(nameof(TileArguments.A1)));
            _code.lea(s_stride3, __[s_stride + s_stride * 2]);
            _code.lea(s_stride5, __[s_stride + s_stride * 4]);
        }
        _code.mov(s_k, Argument(nameof(TileArguments.K)));
        _code.mov(s_b, Argument(nameof(TileArguments.B)));
    }

    private void LoadSums()
    {
        if (_shape.Output != TileOutput.Continue)
        {
            for (int i = 0; i < _shape.Rows * _shape.Vectors; i++)
            {
                if (_wide)
                    _code.vpxord(Zmm(i), Zmm(i), Zmm(i));
                else
                    _code.vxorps(Ymm(i), Ymm(i), Ymm(i));
            }
            return;
        }
        ForEachSum((sum, address) =>
        {
            if (_wide)
                _code.vmovups(Zmm(sum), address);
            else
                _code.vmovups(Ymm(sum), address);
        });
    }

    private void StoreSums() => ForEachSum((sum, address) =>
    {
        switch (_wide, _shape.Output == TileOutput.Stream)
        {
            case (true, false): _code.vmovups(address, Zmm(sum)); break;
            case (true, true): _code.vmovntps(address, Zmm(sum)); break;
            case (false, false): _code.vmovups(address, Ymm(sum)); break;
            case (false, true): _code.vmovntps(address, Ymm(sum)); break;
        }
    });

    /// <summary>Walks the rows of C with the registers that hold A within the loop.</summary>
    private void ForEachSum(Action<int, AssemblerMemoryOperand> visit)
    {
        _code.mov(s_a0, Argument(nameof(TileArguments.C0)));
        _code.mov(s_stride, Argument(nameof(TileArguments.CStride)));
        for (int row = 0; row < _shape.Rows; row++)
        {
            if (row == FirstHalf)
                _code.mov(s_a0, Argument(nameof(TileArguments.C1)));
            for (int v = 0; v < _shape.Vectors; v++)
                visit(row * _shape.Vectors + v, _wide ? __zmmword_ptr[s_a0 + v * 64] : __ymmword_ptr[s_a0 + v * 32]);
            _code.add(s_a0, s_stride);
        }
    }

    /// <summary>One k, <paramref name="step"/> values after the pointers.</summary>
    private void Step(int step)
    {
        int sums = _shape.Rows * _shape.Vectors;
        for (int v = 0; v < _shape.Vectors; v++)
        {
            if (_wide)
                _code.vmovups(Zmm(sums + v), __zmmword_ptr[s_b + step * PanelLine + v * 64]);
            else
                _code.vmovups(Ymm(sums + v), __ymmword_ptr[s_b + step * PanelLine + v * 32]);
        }
        // Twelve rows are more streams than some processors follow by themselves: one row in three is asked for at each k.
        for (int row = step * 3; _shape.Operand == TileOperand.Rows && row < Math.Min(_shape.Rows, (step + 1) * 3); row++)
            _code.prefetcht0(Value(row, Ahead));
        for (int row = 0; row < _shape.Rows; row++)
        {
            int value = sums + _shape.Vectors + row % _broadcasts;
            AssemblerMemoryOperand address = Value(row, step);
            if (_wide)
                _code.vbroadcastss(Zmm(value), address);
            else
                _code.vbroadcastss(Ymm(value), address);
            for (int v = 0; v < _shape.Vectors; v++)
            {
                int sum = row * _shape.Vectors + v;
                if (_shape.Arithmetic == Arithmetic.Bf16)
                    _code.vdpbf16ps(Zmm(sum), Zmm(sums + v), Zmm(value));
                else if (_wide)
                    _code.vfmadd231ps(Zmm(sum), Zmm(sums + v), Zmm(value));
                else
                    _code.vfmadd231ps(Ymm(sum), Ymm(sums + v), Ymm(value));
            }
        }
        if (_shape.Operand == TileOperand.Columns)
            _code.add(s_a0, s_stride);
    }

    private AssemblerMemoryOperand Value(int row, int step)
    {
        if (_shape.Operand == TileOperand.Columns)
            return __dword_ptr[s_a0 + row * 4];
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

    private void Advance(int steps)
    {
        _code.add(s_b, steps * PanelLine);
        if (_shape.Operand == TileOperand.Columns)
            return;
        _code.add(s_a0, steps * 4);
        if (_shape.Rows > 1)
            _code.add(s_a1, steps * 4);
    }

    /// <summary>Windows wants xmm6 to xmm15 back as they were.</summary>
    private void SaveVectors()
    {
        _code.sub(rsp, 160);
        for (int i = 6; i < 16; i++)
            _code.vmovups(__xmmword_ptr[rsp + (i - 6) * 16], new AssemblerRegisterXMM(Register.XMM0 + i));
    }

    private void RestoreVectors()
    {
        for (int i = 6; i < 16; i++)
            _code.vmovups(new AssemblerRegisterXMM(Register.XMM0 + i), __xmmword_ptr[rsp + (i - 6) * 16]);
        _code.add(rsp, 160);
    }

    private static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[s_arguments + (int)Marshal.OffsetOf<TileArguments>(field)];

    private static AssemblerRegisterZMM Zmm(int index) => new(Register.ZMM0 + index);

    private static AssemblerRegisterYMM Ymm(int index) => new(Register.YMM0 + index);
}
