using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Models that transformers made, read and written again.</summary>
public sealed class SavedAgainTests
{
    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.All);

    [Theory]
    [MemberData(nameof(Folders))]
    public void Saved_again_it_has_the_same_names_values_and_keys(string folder)
    {
        using var scope = NewDisposeScope();
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        string original = Golden.Folder(folder)!;
        using MoeTransformer model = MoeTransformer.Load(original);
        using TemporaryFolder saved = new();

        model.Save(saved["model"]);

        JsonObject before = Config(original);
        JsonObject after = Config(saved["model"]);
        foreach ((string key, JsonNode? value) in before.Where(k => k.Key is not ("dtype" or "torch_dtype")))
        {
            Assert.True(JsonNode.DeepEquals(value, after[key]), $"{key} is {after[key]?.ToJsonString()} instead of {value?.ToJsonString()}");
        }

        using SafetensorsFile written = SafetensorsFile.Open(Path.Combine(saved["model"], "model.safetensors"));
        using CheckpointTensors read = CheckpointTensors.Open(original);
        Assert.Equal(read.Names.Count - model.Source!.LeftOut.Values.Sum(), written.Entries.Count);
        foreach (string name in written.Entries.Keys)
        {
            Assert.True(written.Load(name).to(ScalarType.Float32).Equals(read.Load(name).to(ScalarType.Float32)), name);
        }
    }

    private static JsonObject Config(string folder) => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
}
