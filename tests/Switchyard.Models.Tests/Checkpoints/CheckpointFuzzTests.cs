using Switchyard.Fuzz.Targets;
using Switchyard.Models.Tests.Files;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Mutations of a checkpoint's JSON files: each is read or refused with a reason, and nothing else happens.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private const int Rounds = 400;
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("config.json", 1)]
    [InlineData("generation_config.json", 2)]
    [InlineData("model.safetensors.index.json", 3)]
    public void A_mutated_file_is_read_or_refused_and_nothing_else(string file, int seed)
    {
        CheckpointTarget target = new(_folder.Path, file);
        Random random = new(seed);
        int read = Enumerable.Range(0, Rounds).Count(_ => target.Reads(target.Mutated(random)));
        Assert.True(read is > 5 and < Rounds - 20, $"{read} of {Rounds} read: the mutations miss one side");
    }

    public void Dispose() => _folder.Dispose();
}
