using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Files;

public sealed class HubFolderTests : IDisposable
{
    private readonly TemporaryFolder _cache = new();

    [Fact]
    public void A_model_is_read_through_the_links_of_its_snapshot()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = new(KeyValueCacheTests.Options(latent: false));
        model.eval();
        string snapshot = Snapshot("0a1b", model);
        Main("0a1b\n");

        using MoeTransformer byRepository = MoeTransformer.Load(Repository);
        using MoeTransformer bySnapshot = MoeTransformer.Load(snapshot);

        Tensor tokens = arange(6, ScalarType.Int64).reshape(1, 6);
        Assert.True(model.forward(tokens).Equals(byRepository.forward(tokens)));
        Assert.True(model.forward(tokens).Equals(bySnapshot.forward(tokens)));
        Assert.Equal(snapshot, byRepository.Source!.Folder);
    }

    [Fact]
    public void The_snapshot_of_main_is_taken_or_the_only_one()
    {
        Directory.CreateDirectory(Path.Combine(Repository, "snapshots", "one"));
        Assert.EndsWith("one", HubFolder.Resolve(Repository), StringComparison.Ordinal);

        Directory.CreateDirectory(Path.Combine(Repository, "snapshots", "two"));
        Assert.Contains("2 snapshots", Assert.Throws<CheckpointFormatException>(() => HubFolder.Resolve(Repository)).Message, StringComparison.Ordinal);

        Main("two");
        Assert.EndsWith("two", HubFolder.Resolve(Repository), StringComparison.Ordinal);
        Assert.Equal(_cache.Path, HubFolder.Resolve(_cache.Path));
    }

    [Theory]
    [InlineData("three", "not complete")]
    [InlineData("..", "does not hold the name")]
    [InlineData("../../other", "does not hold the name")]
    [InlineData("", "does not hold the name")]
    public void A_reference_to_nothing_is_an_error(string reference, string message)
    {
        Directory.CreateDirectory(Path.Combine(Repository, "snapshots", "one"));
        Main(reference);

        Assert.Contains(message, Assert.Throws<CheckpointFormatException>(() => HubFolder.Resolve(Repository)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"eos_token_id":[5,7],"do_sample":true,"temperature":0.6,"top_k":20,"top_p":0.95,"repetition_penalty":1.1}""")]
    [InlineData("""{"eos_token_id":5}""")]
    public void What_it_says_of_generation_is_read(string json)
    {
        File.WriteAllText(_cache["generation_config.json"], json);

        GenerationConfiguration read = GenerationConfiguration.Read(_cache.Path);

        Assert.Equal(5, read.EndTokens[0]);
        Assert.Equal(json.Contains("true", StringComparison.Ordinal) ? true : null, read.Sample);
        Assert.Equal(json.Contains("0.6", StringComparison.Ordinal) ? 0.6 : null, read.Temperature);
    }

    [Fact]
    public void Without_such_a_file_the_ids_of_the_configuration_count()
    {
        File.WriteAllText(_cache["config.json"], """{"eos_token_id":9,"bos_token_id":8,"temperature":1.0}""");

        GenerationConfiguration read = GenerationConfiguration.Read(_cache.Path);

        Assert.Equal([9], read.EndTokens);
        Assert.Equal(8, read.BeginToken);
        Assert.Null(read.Temperature);
    }

    [Theory]
    [InlineData("""{"eos_token_id":"</s>"}""", "eos_token_id")]
    [InlineData("""{"top_p":2}""", "top_p is 2")]
    [InlineData("""{"temperature":-1}""", "temperature is -1")]
    [InlineData("""{"top_k":1.5}""", "top_k")]
    [InlineData("""[]""", "holds no object")]
    public void Nonsense_in_it_is_an_error_that_names_the_key(string json, string message)
    {
        File.WriteAllText(_cache["generation_config.json"], json);

        Assert.Contains(message, Assert.Throws<CheckpointFormatException>(() => GenerationConfiguration.Read(_cache.Path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _cache.Dispose();

    private string Repository => _cache["models--org--name"];

    private void Main(string reference)
    {
        Directory.CreateDirectory(Path.Combine(Repository, "refs"));
        File.WriteAllText(Path.Combine(Repository, "refs", "main"), reference);
    }

    /// <summary>A model as the hub's cache keeps it: files by their hash, and links to them.</summary>
    private string Snapshot(string name, MoeTransformer model)
    {
        model.Save(_cache["saved"]);
        string blobs = Path.Combine(Repository, "blobs");
        string snapshot = Path.Combine(Repository, "snapshots", name);
        Directory.CreateDirectory(blobs);
        Directory.CreateDirectory(snapshot);
        foreach (string file in Directory.GetFiles(_cache["saved"]))
        {
            string blob = Path.GetFileName(file).GetHashCode(StringComparison.Ordinal).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
            File.Move(file, Path.Combine(blobs, blob));
            File.CreateSymbolicLink(Path.Combine(snapshot, Path.GetFileName(file)), Path.Combine("..", "..", "blobs", blob));
        }

        return snapshot;
    }
}
