using Switchyard.Fuzz.Targets;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Mutations of a checkpoint's JSON files: each is read or refused with a reason, and nothing else happens.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private const int Rounds = 400;
    private const int FewerRounds = 80;
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

    public static TheoryData<string> Architectures => [.. FuzzTarget.All.Keys.Where(k => k.StartsWith("config.json/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_mutated_configuration_of_each_architecture_is_read_or_refused_and_nothing_else(string target)
    {
        FuzzTarget fuzz = FuzzTarget.All[target](_folder.Path);
        Random random = new(4);
        int read = Enumerable.Range(0, FewerRounds).Count(_ => fuzz.Reads(fuzz.Mutated(random)));
        Assert.True(read is > 3 and < FewerRounds - 10, $"{read} of {FewerRounds} read: the mutations miss one side");
    }

    [Theory]
    [InlineData("\"num_experts\": 4", "\"num_experts\": 4, \"num_experts\": 4", "every key stands once")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2.0, \"factor\": 4.0}", "every key stands once")]
    [InlineData("\"sliding_window\": null", "\"sliding_window\": -1", "sliding_window is -1")]
    [InlineData("\"rms_norm_eps\": 1E-06", "\"rms_norm_eps\": 0.0", "rms_norm_eps is 0")]
    [InlineData("\"rms_norm_eps\": 1E-06", "\"rms_norm_eps\": -1e-6", "rms_norm_eps is -1E-06")]
    public void A_key_that_stands_twice_or_is_out_of_bounds_is_refused(string old, string damage, string reason)
    {
        using (MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 32, HiddenSize = 16, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 16 }))
        {
            model.Save(_folder.Path);
        }

        string path = _folder["config.json"], json = File.ReadAllText(path);
        Assert.Contains(old, json);
        File.WriteAllText(path, json.Replace(old, damage));

        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path));

        Assert.Contains(reason, error.Message);
        Assert.Contains(path, error.Message);
    }

    public void Dispose() => _folder.Dispose();
}
