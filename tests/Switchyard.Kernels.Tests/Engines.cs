namespace Switchyard.Kernels.Tests;

/// <summary>The engines that this machine and this process can run.</summary>
internal static class Engines
{
    public static TheoryData<InstructionSet> Sets()
    {
        var data = new TheoryData<InstructionSet>();
        foreach (InstructionSet set in Enum.GetValues<InstructionSet>())
        {
            if (set <= KernelOptions.FromEnvironment().Effective)
                data.Add(set);
        }
        return data;
    }

    /// <summary>An engine whose threads share even the smallest work.</summary>
    public static KernelEngine Make(InstructionSet set, int threads = 1) =>
        new(KernelOptions.FromEnvironment() with { InstructionSet = set, Threads = threads, AloneBelow = 0 });
}
