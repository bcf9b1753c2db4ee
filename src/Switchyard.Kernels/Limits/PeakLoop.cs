using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using Switchyard.Kernels.Assembly;
using static Switchyard.Kernels.Assembly.MachineCode;

namespace Switchyard.Kernels.Limits;

/// <summary>A loop of one instruction on independent registers, which nothing but the arithmetic units can hold up.</summary>
internal sealed unsafe class PeakLoop : IDisposable
{
    private const int WideSums = 24;
    private const int NarrowSums = 12;
    private readonly ExecutableMemory? _code;

    private PeakLoop(ExecutableMemory? code, long operations) => (_code, Operations) = (code, operations);

    /// <summary>Operations of one turn, a multiplication and an addition counting as two.</summary>
    public long Operations { get; }

    /// <summary>The loop for an instruction; null where the processor or the options do not have it.</summary>
    public static PeakLoop? TryMake(KernelOptions options, Arithmetic instruction)
    {
        bool wide = options.Effective == InstructionSet.Avx512;
        if (ProcessorFeatures.Has(options.Effective, instruction) && ExecutableMemory.TryMap(Generate(instruction, wide)) is { } code)
        {
            int lanes = wide ? 16 : 8, products = instruction switch { Arithmetic.Int8 => 4, Arithmetic.Bf16 => 2, _ => 1 };
            return new PeakLoop(code, (wide ? WideSums : NarrowSums) * lanes * products * 2L);
        }
        return instruction == Arithmetic.Fp32 ? new PeakLoop(null, 8L * Vector<float>.Count * 2) : null;
    }

    /// <summary>Runs some turns.</summary>
    public void Run(long turns)
    {
        if (_code is null)
            Portable(turns);
        else
            ((delegate* unmanaged<long, void>)_code.Address)(turns);
    }

    public void Dispose() => _code?.Dispose();

    private static byte[] Generate(Arithmetic instruction, bool wide)
    {
        var code = new Assembler(64);
        int sums = wide ? WideSums : NarrowSums;
        code.Enter();
        for (int i = 0; i < sums + 2; i++)
            code.Clear(i, wide);
        Label loop = code.CreateLabel();
        code.Label(ref loop);
        for (int i = 0; i < sums; i++)
        {
            switch (instruction)
            {
                case Arithmetic.Bf16: code.vdpbf16ps(Zmm(i), Zmm(sums), Zmm(sums + 1)); break;
                case Arithmetic.Int8: code.vpdpbusd(Zmm(i), Zmm(sums), Zmm(sums + 1)); break;
                case Arithmetic.Fp32 when wide: code.vfmadd231ps(Zmm(i), Zmm(sums), Zmm(sums + 1)); break;
                default: code.vfmadd231ps(Ymm(i), Ymm(sums), Ymm(sums + 1)); break;
            }
        }
        code.dec(FirstArgument);
        code.jnz(loop);
        code.Leave();
        return code.ToBytes();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Portable(long turns)
    {
        Vector<float> a = Vector<float>.Zero, b = a, c = a, d = a, e = a, f = a, g = a, h = a, x = Vector<float>.One, y = new(1e-9f);
        for (long i = 0; i < turns; i++)
        {
            a = Vector.FusedMultiplyAdd(x, y, a);
            b = Vector.FusedMultiplyAdd(x, y, b);
            c = Vector.FusedMultiplyAdd(x, y, c);
            d = Vector.FusedMultiplyAdd(x, y, d);
            e = Vector.FusedMultiplyAdd(x, y, e);
            f = Vector.FusedMultiplyAdd(x, y, f);
            g = Vector.FusedMultiplyAdd(x, y, g);
            h = Vector.FusedMultiplyAdd(x, y, h);
        }
        Keep(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(Vector<float> value) => _ = value;
}
