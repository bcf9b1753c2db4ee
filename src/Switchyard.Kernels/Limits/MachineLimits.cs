using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Kernels.Limits;

/// <summary>What no software can beat on this machine: the arithmetic units at their peak, and memory read as fast as it comes.</summary>
/// <remarks>The roofline time of a piece of work is max(operations ÷ peak, bytes that must move ÷ bandwidth) (Williams, Waterman and Patterson 2009).</remarks>
public sealed record MachineLimits
{
    private const long Bytes = 256L << 20;
    private const int Repeats = 12;
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(15);

    /// <summary>Threads that worked together.</summary>
    public required int Threads { get; init; }

    /// <summary>Instructions that were measured.</summary>
    public required InstructionSet InstructionSet { get; init; }

    /// <summary>fp32 multiplications and additions, 10⁹ a second.</summary>
    public required double Fp32Gops { get; init; }

    /// <summary>The same of <c>vdpbf16ps</c>; null where it is missing.</summary>
    public double? Bf16Gops { get; init; }

    /// <summary>The same of <c>vpdpbusd</c>; null where it is missing.</summary>
    public double? Int8Gops { get; init; }

    /// <summary>Bytes read from memory, 10⁹ a second.</summary>
    public required double ReadGBps { get; init; }

    /// <summary>Measures the limits with an engine's threads and instructions: the best of a dozen short runs each, under a second in all, and 256 MiB of memory for as long.</summary>
    public static MachineLimits Measure(KernelEngine engine)
    {
        lock (engine.Gate)
        {
            return new MachineLimits
            {
                Threads = engine.Threads,
                InstructionSet = engine.InstructionSet,
                Fp32Gops = Peak(engine, Arithmetic.Fp32) ?? 0,
                Bf16Gops = Peak(engine, Arithmetic.Bf16),
                Int8Gops = Peak(engine, Arithmetic.Int8),
                ReadGBps = Bandwidth(engine),
            };
        }
    }

    /// <summary>Milliseconds that fp32 work takes at least.</summary>
    /// <param name="operations">Multiplications and additions.</param>
    /// <param name="bytes">Bytes that must be read.</param>
    public double Milliseconds(double operations, double bytes) => Math.Max(operations / Fp32Gops, bytes / ReadGBps) / 1e6;

    private static double? Peak(KernelEngine engine, Arithmetic instruction)
    {
        using PeakLoop? loop = PeakLoop.TryMake(engine.Options, instruction);
        if (loop is null)
            return null;
        long turns = 1 << 12;
        while (Best(engine, 1, _ => loop.Run(turns)) < s_turn.TotalSeconds)
            turns *= 2;
        return (double)loop.Operations * turns * engine.Threads / Best(engine, Repeats, _ => loop.Run(turns)) / 1e9;
    }

    private static unsafe double Bandwidth(KernelEngine engine)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 4096);
        try
        {
            long share = Bytes / engine.Threads / 4096 * 4096;
            Best(engine, 1, member => new Span<byte>(memory + (member * share), (int)share).Fill(1));
            return share * engine.Threads / Best(engine, Repeats, member => Read(memory + (member * share), share)) / 1e9;
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static unsafe void Read(byte* from, long bytes)
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            ulong first = 0, second = 0;
            for (ulong* at = (ulong*)from; at < from + bytes; at += 8)
            {
                first |= at[0] | at[1] | at[2] | at[3];
                second |= at[4] | at[5] | at[6] | at[7];
            }
            if ((first | second) == 1)
                throw new InvalidOperationException("The memory does not hold what was written.");
            return;
        }
        Vector256<int> a = default, b = default, c = default, d = default;
        for (byte* at = from; at < from + bytes; at += 128)
        {
            a |= Vector256.Load((int*)at);
            b |= Vector256.Load((int*)(at + 32));
            c |= Vector256.Load((int*)(at + 64));
            d |= Vector256.Load((int*)(at + 96));
        }
        if (Vector256.Sum(a | b | c | d) == 1)
            throw new InvalidOperationException("The memory does not hold what was written.");
    }

    /// <summary>Seconds of the fastest of some runs on all threads.</summary>
    private static double Best(KernelEngine engine, int repeats, Action<int> work)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            engine.Team.Run(work);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
