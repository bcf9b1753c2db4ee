using Switchyard.Kernels.Limits;

namespace Switchyard.Kernels.Tests.Limits;

public sealed class MachineLimitsTests
{
    public static TheoryData<InstructionSet> Sets() => Engines.Sets();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Limits_are_positive_and_only_those_of_instructions_in_use(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set);
        MachineLimits limits = MachineLimits.Measure(engine);

        Assert.InRange(limits.Fp32Gops, 0.1, 10_000);
        Assert.InRange(limits.ReadGBps, 0.1, 10_000);
        Assert.Equal(set == InstructionSet.Avx512 && ProcessorFeatures.BFloat16Dot, limits.Bf16Gops is > 0);
        Assert.Equal(set == InstructionSet.Avx512 && ProcessorFeatures.Int8Dot, limits.Int8Gops is > 0);
    }

    [Fact]
    public void The_roofline_time_is_that_of_the_slower_of_arithmetic_and_memory()
    {
        MachineLimits limits = new() { Threads = 1, InstructionSet = InstructionSet.Portable, Fp32Gops = 100, ReadGBps = 10 };
        Assert.Equal(10, limits.Milliseconds(operations: 1e9, bytes: 1e7), 1e-9);
        Assert.Equal(20, limits.Milliseconds(operations: 1e9, bytes: 2e8), 1e-9);
    }
}
