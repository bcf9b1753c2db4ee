using System.Globalization;
using Switchyard.Kernels.Assembly;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Tests.Assembly;

public sealed class ExecutableMemoryTests
{
    [Fact]
    public void Code_pages_are_executable_and_not_writable()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Reads /proc/self/maps.");
        if (KernelOptions.FromEnvironment().Effective == InstructionSet.Portable)
            Assert.Skip("No code is assembled here.");
        byte[] code = TileGenerator.Generate(new TileShape(KernelOptions.FromEnvironment().Effective, 6, 2, TileOperand.Rows, TileOutput.Store));
        using ExecutableMemory? memory = ExecutableMemory.TryMap(code);
        Assert.NotNull(memory);
        Assert.Equal("r-x", Permissions(memory.Address));
    }

    [Fact]
    public void Nothing_of_the_process_is_writable_and_executable_after_kernels_were_made()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Reads /proc/self/maps.");
        if (KernelOptions.FromEnvironment().Effective == InstructionSet.Portable)
            Assert.Skip("No code is assembled here.");
        string[] before = WritableAndExecutable();
        var memories = new List<ExecutableMemory?>();
        for (int rows = 1; rows <= 6; rows++)
            memories.Add(ExecutableMemory.TryMap(TileGenerator.Generate(new TileShape(KernelOptions.FromEnvironment().Effective, rows, 1, TileOperand.Columns, TileOutput.Continue))));
        Assert.All(memories, m => Assert.Equal("r-x", Permissions(m!.Address)));
        Assert.Empty(WritableAndExecutable().Except(before, StringComparer.Ordinal));
        memories.ForEach(m => m?.Dispose());
    }

    private static string[] WritableAndExecutable() =>
        [.. File.ReadLines("/proc/self/maps").Where(line => line.Contains(" rwx", StringComparison.Ordinal))];

    private static string? Permissions(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] range = line[..line.IndexOf(' ', StringComparison.Ordinal)].Split('-');
            nint from = nint.Parse(range[0], NumberStyles.HexNumber), to = nint.Parse(range[1], NumberStyles.HexNumber);
            if (address >= from && address < to)
                return line.Split(' ')[1][..3];
        }
        return null;
    }
}
