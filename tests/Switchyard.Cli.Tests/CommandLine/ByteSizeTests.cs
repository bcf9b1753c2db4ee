using Switchyard.Cli.CommandLine;

namespace Switchyard.Cli.Tests.CommandLine;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("1B", 1L)]
    [InlineData("512MB", 512_000_000L)]
    [InlineData("2GB", 2_000_000_000L)]
    [InlineData("2gb", 2_000_000_000L)]
    [InlineData("3KiB", 3072L)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("8388607TiB", 8388607L << 40)]
    public void A_number_and_a_unit_are_read(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("GB")]
    [InlineData("0GB")]
    [InlineData("-1GB")]
    [InlineData("+1GB")]
    [InlineData(" 1GB")]
    [InlineData("1 GB")]
    [InlineData("1.5GB")]
    [InlineData("1,000MB")]
    [InlineData("2GBs")]
    [InlineData("2XB")]
    [InlineData("8388608TiB")]
    [InlineData("99999999999999999999B")]
    public void Anything_else_is_refused(string text) => Assert.Null(ByteSize.Parse(text));
}
