using Switchyard.Kernels.Assembly;

namespace Switchyard.Kernels.Tests.Assembly;

public sealed class TileListingTests
{
    [Theory]
    [InlineData(InstructionSet.Avx2, 6, 16)]
    [InlineData(InstructionSet.Avx2, 1, 8)]
    [InlineData(InstructionSet.Avx512, 12, 32)]
    public void A_tile_is_listed_instruction_by_instruction(InstructionSet set, int rows, int lanes)
    {
        string[] lines = [.. TileListing.Lines(set, rows, lanes)];
        Assert.Contains(lines, line => line.Contains("vfmadd231ps", StringComparison.Ordinal));
        Assert.Contains("ret", lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(InstructionSet.Avx2, 7, 16)]
    [InlineData(InstructionSet.Avx2, 0, 16)]
    [InlineData(InstructionSet.Avx2, 6, 24)]
    [InlineData(InstructionSet.Avx512, 13, 32)]
    [InlineData(InstructionSet.Avx512, 12, 8)]
    [InlineData(InstructionSet.Portable, 1, 8)]
    public void There_is_no_listing_of_a_tile_that_is_not_assembled(InstructionSet set, int rows, int lanes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TileListing.Lines(set, rows, lanes).ToList());
}
