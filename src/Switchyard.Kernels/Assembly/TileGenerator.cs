using Iced.Intel;
using Switchyard.Kernels.Tiles;
using static Iced.Intel.AssemblerRegisters;
using static Switchyard.Kernels.Assembly.MachineCode;

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
internal sealed class TileGenerator : TileCode
{
    private const int Unroll = 4;
    private const int PanelLine = 128;

    /// <summary>Values of k between those read and those prefetched: four cache lines.</summary>
    private const int Ahead = 64;
    private static readonly AssemblerRegister64 s_k = rax;

    private readonly TileShape _shape;
    private readonly bool _wide;
    private readonly int _broadcasts;

    private TileGenerator(TileShape shape) : base(shape.Rows)
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
        return generator.Code.ToBytes();
    }

    private void Emit()
    {
        Code.Enter(Arguments);
        Code.mov(Arguments, FirstArgument);
        LoadSums();
        LoadArguments();

        Label body = Code.CreateLabel();
        Label tail = Code.CreateLabel();
        Label one = Code.CreateLabel();
        Label done = Code.CreateLabel();
        Code.sub(s_k, Unroll);
        Code.jl(tail);
        Code.Label(ref body);
        for (int step = 0; step < Unroll; step++)
            Step(step);
        Advance(Unroll);
        Code.sub(s_k, Unroll);
        Code.jge(body);
        Code.Label(ref tail);
        Code.add(s_k, Unroll);
        Code.jz(done);
        Code.Label(ref one);
        Step(0);
        Advance(1);
        Code.dec(s_k);
        Code.jnz(one);
        Code.Label(ref done);

        StoreSums();
        Code.Leave(Arguments);
    }

    private void LoadArguments()
    {
        Code.mov(A0, Argument(nameof(TileArguments.A0)));
        Code.mov(Stride, Argument(nameof(TileArguments.AStride)));
        if (_shape.Operand == TileOperand.Rows)
        {
            Code.mov(A1, Argument(nameof(TileArguments.A1)));
            Code.lea(Stride3, __[Stride + Stride * 2]);
            Code.lea(Stride5, __[Stride + Stride * 4]);
        }
        Code.mov(s_k, Argument(nameof(TileArguments.K)));
        Code.mov(B, Argument(nameof(TileArguments.B)));
    }

    private void LoadSums()
    {
        if (_shape.Output != TileOutput.Continue)
        {
            for (int i = 0; i < Rows * _shape.Vectors; i++)
                Code.Clear(i, _wide);
            return;
        }
        ForEachSum((sum, address) =>
        {
            if (_wide)
                Code.vmovups(Zmm(sum), address);
            else
                Code.vmovups(Ymm(sum), address);
        });
    }

    private void StoreSums() => ForEachSum((sum, address) =>
    {
        switch (_wide, _shape.Output == TileOutput.Stream)
        {
            case (true, false): Code.vmovups(address, Zmm(sum)); break;
            case (true, true): Code.vmovntps(address, Zmm(sum)); break;
            case (false, false): Code.vmovups(address, Ymm(sum)); break;
            case (false, true): Code.vmovntps(address, Ymm(sum)); break;
        }
    });

    /// <summary>Walks the rows of C with the registers that hold A within the loop.</summary>
    private void ForEachSum(Action<int, AssemblerMemoryOperand> visit)
    {
        Code.mov(A0, Argument(nameof(TileArguments.C0)));
        Code.mov(Stride, Argument(nameof(TileArguments.CStride)));
        for (int row = 0; row < Rows; row++)
        {
            if (row == FirstHalf)
                Code.mov(A0, Argument(nameof(TileArguments.C1)));
            for (int v = 0; v < _shape.Vectors; v++)
                visit(row * _shape.Vectors + v, _wide ? __zmmword_ptr[A0 + v * 64] : __ymmword_ptr[A0 + v * 32]);
            Code.add(A0, Stride);
        }
    }

    /// <summary>One k, <paramref name="step"/> values after the pointers.</summary>
    private void Step(int step)
    {
        int sums = Rows * _shape.Vectors;
        for (int v = 0; v < _shape.Vectors; v++)
        {
            if (_wide)
                Code.vmovups(Zmm(sums + v), __zmmword_ptr[B + step * PanelLine + v * 64]);
            else
                Code.vmovups(Ymm(sums + v), __ymmword_ptr[B + step * PanelLine + v * 32]);
        }
        // Twelve rows are more streams than some processors follow by themselves: one row in three is asked for at each k.
        for (int row = step * 3; _shape.Operand == TileOperand.Rows && row < Math.Min(Rows, (step + 1) * 3); row++)
            Code.prefetcht0(Value(row, Ahead));
        for (int row = 0; row < Rows; row++)
        {
            int value = sums + _shape.Vectors + row % _broadcasts;
            AssemblerMemoryOperand address = Value(row, step);
            if (_wide)
                Code.vbroadcastss(Zmm(value), address);
            else
                Code.vbroadcastss(Ymm(value), address);
            for (int v = 0; v < _shape.Vectors; v++)
            {
                int sum = row * _shape.Vectors + v;
                if (_shape.Arithmetic == Arithmetic.Bf16)
                    Code.vdpbf16ps(Zmm(sum), Zmm(sums + v), Zmm(value));
                else if (_wide)
                    Code.vfmadd231ps(Zmm(sum), Zmm(sums + v), Zmm(value));
                else
                    Code.vfmadd231ps(Ymm(sum), Ymm(sums + v), Ymm(value));
            }
        }
        if (_shape.Operand == TileOperand.Columns)
            Code.add(A0, Stride);
    }

    private AssemblerMemoryOperand Value(int row, int step) =>
        _shape.Operand == TileOperand.Columns ? __dword_ptr[A0 + row * 4] : RowValue(row, step);

    private void Advance(int steps)
    {
        Code.add(B, steps * PanelLine);
        if (_shape.Operand == TileOperand.Columns)
            return;
        Code.add(A0, steps * 4);
        if (Rows > 1)
            Code.add(A1, steps * 4);
    }
}
