using System.Runtime.InteropServices;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Products;

namespace Switchyard.Kernels.Tests.Products;

public sealed unsafe class TokenSumTests
{
    public static TheoryData<InstructionSet> Sets() => Engines.Sets();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Writing_past_the_caches_gives_the_same_bits(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set);
        const int Tokens = 21, Rows = 59, Columns = 80;
        var random = new Random(1);
        using GuardedMemory left = GuardedMemory.Random(random, Tokens * Rows), right = GuardedMemory.Random(random, Tokens * Columns);
        float* plain = (float*)NativeMemory.AlignedAlloc(Rows * Columns * sizeof(float), 64);
        float* streamed = (float*)NativeMemory.AlignedAlloc(Rows * Columns * sizeof(float), 64);
        Multiply(plain, stream: false);
        Multiply(streamed, stream: true);
        Assert.True(new Span<float>(plain, Rows * Columns).SequenceEqual(new Span<float>(streamed, Rows * Columns)));
        NativeMemory.AlignedFree(plain);
        NativeMemory.AlignedFree(streamed);

        void Multiply(float* target, bool stream) => TokenSum.Multiply(engine, 0, Tokens, Rows, Columns, target, accumulate: false, stream,
            (first, count, at, width, to) => Panel.Gather(left.Pointer + (first * Rows) + at, Rows, count, width, to, Panel.ColumnRows),
            (first, count, at, width, to) => Panel.Gather(right.Pointer + (first * Columns) + at, Columns, count, width, to, Panel.Lanes));
    }
}
