using Switchyard.Fuzz.Targets;

namespace Switchyard.Models.Tests.Files;

public sealed class SafetensorsFuzzTests
{
    [Fact]
    public void A_mutated_file_is_read_or_refused_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        SafetensorsTarget target = new(folder.Path);
        var random = new Random(20240607);
        int read = Enumerable.Range(0, 1500).Count(_ => target.Reads(target.Mutated(random)));
        Assert.True(read is > 10 and < 1000, $"{read} of 1500 read: the mutations miss one side");
    }
}
