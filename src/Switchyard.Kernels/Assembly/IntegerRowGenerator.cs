using System.Runtime.InteropServices;
using Iced.Intel;
using Switchyard.Kernels.Streams;
using static Iced.Intel.AssemblerRegisters;
using static Switchyard.Kernels.Assembly.MachineCode;

namespace Switchyard.Kernels.Assembly;

/// <summary>
/// Writes the product of whole rows of integers with one to four tokens for x64 with AVX-512 and VNNI. A token's 16-bit
/// values q = 256·h + l are two lines of signed bytes; a row's codes are unsigned bytes; four bytes at a time are multiplied
/// and added exactly (<c>vpdpbusd</c>): Σ code·q = 256·Σ code·h + Σ code·l. The sums of 128 columns are four dwords for each
/// group of 32, which become fp32 once and are multiplied with both scales.
/// </summary>
internal sealed class IntegerRowGenerator
{
    private const int Vector = 64;

    /// <summary>How far ahead codes are asked for: rows follow each other, so that this is another row's, or beyond the matrix, where it does no harm.</summary>
    private const int Ahead = 8192;

    private const int Halves = 2;

    private static readonly AssemblerRegister64 s_arguments = rbx;
    private static readonly AssemblerRegister64 s_codes = rax;
    private static readonly AssemblerRegister64 s_scales = rdx;
    private static readonly AssemblerRegister64 s_rowCodes = r12;
    private static readonly AssemblerRegister64 s_rowScales = r13;
    private static readonly AssemblerRegister64 s_token = rcx;
    private static readonly AssemblerRegister64 s_stride = r8;
    private static readonly AssemblerRegister64 s_stride3 = r9;
    private static readonly AssemblerRegister64 s_chunk = r10;
    private static readonly AssemblerRegister64 s_rows = r11;
    private static readonly AssemblerRegister64 s_results = rbp;
    private static readonly AssemblerRegister64 s_temporary = r14;
    private static readonly AssemblerRegister64[] s_saved = [rbx, rbp, r12, r13, r14];

    private const int Codes0 = 24, Codes1 = 25, Scales = 26, Spread = 27, Mask = 28, FirstHalf = 29, SecondHalf = 30, Spare = 31;

    private readonly Assembler _code = new(64) { PreferVex = false };
    private readonly RowShape _shape;
    private Label _spread, _firstHalf, _secondHalf, _zero;

    private IntegerRowGenerator(RowShape shape) => _shape = shape;

    private bool IsNibbles => _shape.Form == IntegerForm.Nibbles;

    private int CodeBytesOfHalf => IsNibbles ? Vector : 2 * Vector;

    /// <summary>Bytes of scales of a chunk; 0 where a chunk has no scale of its own.</summary>
    private int ScaleBytesOfChunk => _shape.Shift >= 8 ? 0 : StreamTokens.Chunk / (1 << _shape.Shift) * sizeof(float);

    /// <summary>The machine code of one kernel.</summary>
    public static byte[] Generate(RowShape shape)
    {
        var generator = new IntegerRowGenerator(shape);
        generator.Emit();
        return generator._code.ToBytes();
    }

    private static int Sum(int half, int token) => (half * RowKernels.MostTogether) + token;

    private static int Zero(int token) => (2 * RowKernels.MostTogether) + token;

    private static int TokenScales(int token) => (3 * RowKernels.MostTogether) + token;

    private static int Dot(int token) => (4 * RowKernels.MostTogether) + token;

    private static int Factor(int token) => (5 * RowKernels.MostTogether) + token;

    private static AssemblerMemoryOperand Argument(string field, int index = 0) =>
        __qword_ptr[s_arguments + (int)Marshal.OffsetOf<RowArguments>(field) + (index * sizeof(ulong))];

    private void Emit()
    {
        (_spread, _firstHalf, _secondHalf, _zero) = (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        _code.Enter(s_saved);
        _code.mov(s_arguments, FirstArgument);
        LoadArguments();
        Label row = _code.CreateLabel(), body = _code.CreateLabel(), tail = _code.CreateLabel(), done = _code.CreateLabel();
        _code.Label(ref row);
        _code.mov(s_codes, s_rowCodes);
        _code.mov(s_scales, s_rowScales);
        _code.mov(s_token, Argument(nameof(RowArguments.Tokens)));
        _code.xor(s_chunk, s_chunk);
        for (int token = 0; token < _shape.Tokens; token++)
        {
            _code.Clear(Sum(0, token), wide: true);
            _code.Clear(Sum(1, token), wide: true);
            _code.Clear(Zero(token), wide: true);
        }
        _code.cmp(s_chunk, Argument(nameof(RowArguments.Chunks)));
        _code.je(tail);
        _code.Label(ref body);
        Whole();
        _code.add(s_codes, Halves * CodeBytesOfHalf);
        if (ScaleBytesOfChunk > 0)
            _code.add(s_scales, ScaleBytesOfChunk);
        _code.add(s_token, StreamTokens.BytesOfChunk);
        _code.inc(s_chunk);
        _code.cmp(s_chunk, Argument(nameof(RowArguments.Chunks)));
        _code.jb(body);
        _code.Label(ref tail);
        _code.cmp(Argument(nameof(RowArguments.Left)), 0);
        _code.je(done);
        Rest(done);
        _code.Label(ref done);
        for (int token = 0; token < _shape.Tokens; token++)
            Total(token);
        _code.add(s_results, sizeof(float));
        _code.add(s_rowCodes, Argument(nameof(RowArguments.CodePitch)));
        _code.add(s_rowScales, Argument(nameof(RowArguments.ScalePitch)));
        _code.dec(s_rows);
        _code.jnz(row);
        _code.Leave(s_saved);
        Constants();
    }

    private void LoadArguments()
    {
        _code.mov(s_rowCodes, Argument(nameof(RowArguments.Codes)));
        _code.mov(s_rowScales, Argument(nameof(RowArguments.Scales)));
        _code.mov(s_stride, Argument(nameof(RowArguments.TokenStride)));
        _code.lea(s_stride3, __[s_stride + s_stride * 2]);
        _code.mov(s_rows, Argument(nameof(RowArguments.Rows)));
        _code.mov(s_results, Argument(nameof(RowArguments.Results)));
        for (int i = 0; i < 4; i++)
            _code.kmovq(CodeMask(i), Argument(nameof(RowArguments.CodeMasks), i));
        _code.kmovq(k5, Argument(nameof(RowArguments.ScaleMask)));
        _code.mov(r14d, IsNibbles ? 0x0F0F0F0F : unchecked((int)0x80808080));
        _code.vpbroadcastd(Zmm(Mask), r14d);
        _code.vmovups(Ymm(Spread), __ymmword_ptr[_spread]);
        _code.vmovups(Zmm(FirstHalf), __zmmword_ptr[_firstHalf]);
        _code.vmovups(Zmm(SecondHalf), __zmmword_ptr[_secondHalf]);
    }

    private static AssemblerRegisterK CodeMask(int index) => new(Register.K1 + index);

    /// <summary>256 columns.</summary>
    private void Whole()
    {
        for (int at = 0; at < Halves * CodeBytesOfHalf; at += Vector)
            _code.prefetcht0(__byte_ptr[s_codes + (Ahead + at)]);
        ScaleTokens(isWhole: true);
        Half(0, isWhole: true);
        Half(1, isWhole: true);
    }

    /// <summary>What is left of them.</summary>
    private void Rest(Label done)
    {
        ScaleTokens(isWhole: false);
        Half(0, isWhole: false);
        _code.cmp(Argument(nameof(RowArguments.Left)), StreamTokens.Chunk / 2);
        _code.jbe(done);
        Half(1, isWhole: false);
    }

    private void ScaleTokens(bool isWhole)
    {
        ReadScales(isWhole);
        for (int token = 0; token < _shape.Tokens; token++)
        {
            _code.vmulps(Ymm(TokenScales(token)), Ymm(Scales), OfToken(token, StreamTokens.ScalesAt));
            _code.vfmadd231ps(Ymm(Zero(token)), Ymm(Scales), OfToken(token, StreamTokens.SumsAt));
        }
    }

    private void Half(int half, bool isWhole)
    {
        ReadCodes(half, isWhole);
        for (int token = 0; token < _shape.Tokens; token++)
            Multiply(half, token);
    }

    /// <summary>One scale for each 32 columns.</summary>
    private void ReadScales(bool isWhole)
    {
        if (_shape.Shift >= 8)
        {
            // The chunk's number, shifted: the kernel need not know how many chunks a group has.
            _code.mov(s_temporary, Argument(nameof(RowArguments.ChunkShift)));
            _code.shrx(s_temporary, s_chunk, s_temporary);
            _code.vbroadcastss(Ymm(Scales), __dword_ptr[s_scales + s_temporary * sizeof(float)]);
            return;
        }
        if (!isWhole)
            _code.vmovups(Ymm(Scales).k5.z, __ymmword_ptr[s_scales]);
        else if (_shape.Shift == 5)
            _code.vmovups(Ymm(Scales), __ymmword_ptr[s_scales]);
        else if (_shape.Shift == 6)
            _code.vmovups(Xmm(Scales), __xmmword_ptr[s_scales]);
        else
            _code.vmovsd(Xmm(Scales), __qword_ptr[s_scales]);
        if (_shape.Shift > 5)
            _code.vpermps(Ymm(Scales), Ymm(Spread), Ymm(Scales));
    }

    /// <summary>128 codes in two vectors, of each group of 32 columns sixteen in each, in the group's lane.</summary>
    private void ReadCodes(int half, bool isWhole)
    {
        int at = half * CodeBytesOfHalf;
        if (IsNibbles)
        {
            ReadVector(Codes1, at, half, isWhole);
            _code.vpandd(Zmm(Codes0), Zmm(Codes1), Zmm(Mask));
            _code.vpsrlw(Zmm(Codes1), Zmm(Codes1), 4);
            _code.vpandd(Zmm(Codes1), Zmm(Codes1), Zmm(Mask));
            return;
        }
        ReadVector(Spare, at, 2 * half, isWhole);
        ReadVector(Codes1, at + Vector, (2 * half) + 1, isWhole);
        _code.vshufi64x2(Zmm(Codes0), Zmm(Spare), Zmm(Codes1), 0b10_00_10_00);
        _code.vshufi64x2(Zmm(Codes1), Zmm(Spare), Zmm(Codes1), 0b11_01_11_01);
        _code.vpxord(Zmm(Codes0), Zmm(Codes0), Zmm(Mask));
        _code.vpxord(Zmm(Codes1), Zmm(Codes1), Zmm(Mask));
    }

    private void ReadVector(int target, int at, int mask, bool isWhole)
    {
        if (isWhole)
            _code.vmovdqu8(Zmm(target), __zmmword_ptr[s_codes + at]);
        else
            _code.vmovdqu8(Masked(target, mask), __zmmword_ptr[s_codes + at]);
    }

    private static AssemblerRegisterZMM Masked(int target, int mask) => mask switch
    {
        0 => Zmm(target).k1.z,
        1 => Zmm(target).k2.z,
        2 => Zmm(target).k3.z,
        _ => Zmm(target).k4.z,
    };

    private void Multiply(int half, int token)
    {
        int at = half * StreamTokens.BytesOfHalf, dot = Dot(token);
        _code.Clear(dot, wide: true);
        _code.vpdpbusd(Zmm(dot), Zmm(Codes0), OfToken(token, at));
        _code.vpdpbusd(Zmm(dot), Zmm(Codes1), OfToken(token, at + StreamTokens.Line));
        _code.vpslld(Zmm(dot), Zmm(dot), 8);
        _code.vpdpbusd(Zmm(dot), Zmm(Codes0), OfToken(token, at + (2 * StreamTokens.Line)));
        _code.vpdpbusd(Zmm(dot), Zmm(Codes1), OfToken(token, at + (3 * StreamTokens.Line)));
        _code.vcvtdq2ps(Zmm(dot), Zmm(dot));
        _code.vpermps(Zmm(Factor(token)), Zmm(half == 0 ? FirstHalf : SecondHalf), Zmm(TokenScales(token)));
        _code.vfmadd231ps(Zmm(Sum(half, token)), Zmm(dot), Zmm(Factor(token)));
    }

    private static AssemblerMemoryOperand OfToken(int token, int at) => token switch
    {
        0 => __[s_token + at],
        1 => __[s_token + s_stride + at],
        2 => __[s_token + s_stride * 2 + at],
        _ => __[s_token + s_stride3 + at],
    };

    /// <summary>The sum of all lanes, less what the code of weight 0 has added.</summary>
    private void Total(int token)
    {
        int sum = Sum(0, token), other = Dot(token);
        _code.vaddps(Zmm(sum), Zmm(sum), Zmm(Sum(1, token)));
        _code.vextractf64x4(Ymm(other), Zmm(sum), 1);
        _code.vaddps(Ymm(sum), Ymm(sum), Ymm(other));
        _code.vfnmadd231ps(Ymm(sum), Ymm(Zero(token)), __dword_bcst[_zero]);
        _code.vextractf32x4(Xmm(other), Ymm(sum), 1);
        _code.vaddps(Xmm(sum), Xmm(sum), Xmm(other));
        _code.vpermilps(Xmm(other), Xmm(sum), 0b01_00_11_10);
        _code.vaddps(Xmm(sum), Xmm(sum), Xmm(other));
        _code.vpermilps(Xmm(other), Xmm(sum), 0b10_11_00_01);
        _code.vaddps(Xmm(sum), Xmm(sum), Xmm(other));
        _code.vmovss(__dword_ptr[s_results + (token * StreamingProduct.Rows * sizeof(float))], Xmm(sum));
    }

    private void Constants()
    {
        _code.Label(ref _spread);
        for (uint group = 0; group < 8; group++)
            _code.dd(_shape.Shift >= 8 ? 0 : group >> (_shape.Shift - 5));
        _code.Label(ref _firstHalf);
        for (uint dword = 0; dword < 16; dword++)
            _code.dd(dword / 4);
        _code.Label(ref _secondHalf);
        for (uint dword = 0; dword < 16; dword++)
            _code.dd(4 + (dword / 4));
        _code.Label(ref _zero);
        _code.dd(BitConverter.SingleToUInt32Bits(IsNibbles ? 8 : 128));
    }
}
