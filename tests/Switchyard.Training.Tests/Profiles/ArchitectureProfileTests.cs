using System.Text.Json;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Profiles;

/// <summary>The golden models have no tokenizers; bytes are ids of all of them.</summary>
public sealed class ArchitectureProfileTests
{
    public static TheoryData<string> Models() => [.. Golden.Folders("models").Where(IsPlainDecoder).DefaultIfEmpty(string.Empty)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_architecture_is_profiled(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        using MoeTransformer model = MoeTransformer.Load(Golden.Folder(folder)!);
        ProfileRequest request = TinyModel.Request(context: 32, stride: 20) with { ModelPath = folder, Tokenizer = new ByteTokenizer() };
        ProfileResult result = Profiler.Run(model, request, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(model.MoeLayers.Select(l => l.Options.Layer), result.Layers.Select(l => l.Layer));
        Assert.All(result.Layers, l => Assert.Equal(result.Text.Tokens * result.Model.TopK, l.Load.Sum()));
        Assert.All(result.Layers, l => Assert.InRange(l.Order!.Locality.Share, 0, 1));
        Assert.InRange(result.Loss, 0.1, 20);
        Assert.NotEmpty(result.Diagnosis.Findings);
    }

    internal static bool IsPlainDecoder(string folder)
    {
        string path = Path.Combine(Golden.Folder(folder)!, "config.json");
        JsonElement config = JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(path));
        return config.GetProperty("model_type").GetString() is not "bert" && !config.TryGetProperty("quantization_config", out _);
    }
}
