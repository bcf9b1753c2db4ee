using System.Text.Json;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>generate</c> and <c>tokenize</c> of models that others made.</summary>
public sealed class GoldenGenerateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    /// <summary>Quantized models.</summary>
    public static TheoryData<string> Quantized =>
    [
        .. Golden.Folders("models")
            .Where(f => File.ReadAllText(Path.Combine(Golden.Folder(f)!, "config.json")).Contains("quantization_config", StringComparison.Ordinal))
            .DefaultIfEmpty(string.Empty),
    ];

    [Fact]
    public void A_trained_model_continues_a_prompt_as_recorded()
    {
        string model = Trained();
        JsonElement recorded = JsonElement.Parse(File.ReadAllText(Path.Combine(model, "golden.json"))).GetProperty("greedy")
            .EnumerateArray().First(e => e.GetProperty("firstCloseCall").ValueKind == JsonValueKind.Null);
        const int Tokens = 24;

        JsonElement made = Json("generate", model, "--prompt", recorded.GetProperty("prompt").GetString()!, "--max-tokens", $"{Tokens}", "--show-routing", "--threads", "1");

        Assert.Equal(Ids(recorded, "ids")[..Tokens], Ids(made, "ids"));
        Assert.StartsWith(made.GetProperty("text").GetString()!, recorded.GetProperty("text").GetString()!, StringComparison.Ordinal);
        Assert.Equal("length", made.GetProperty("finish").GetString());
        Assert.Equal(Tokens, made.GetProperty("experts").GetArrayLength());
    }

    [Fact]
    public void A_prompt_of_a_trained_model_has_the_recorded_ids_and_comes_back_from_them()
    {
        string model = Trained();
        JsonElement recorded = JsonElement.Parse(File.ReadAllText(Path.Combine(model, "golden.json"))).GetProperty("greedy")[0];
        string prompt = recorded.GetProperty("prompt").GetString()!;

        JsonElement there = Json("tokenize", model, "--text", prompt);
        CommandRun back = CommandRun.Of("tokenize", model, "--ids", string.Join(' ', Ids(recorded, "promptIds")));

        Assert.Equal(Ids(recorded, "promptIds"), Ids(there, "ids"));
        Assert.Equal(there.GetProperty("ids").GetArrayLength(), there.GetProperty("tokens").GetArrayLength());
        Assert.Equal((0, prompt + Environment.NewLine), (back.ExitCode, back.Output));
    }

    [Fact]
    public void A_repository_of_a_hub_cache_is_as_good_as_the_folder_itself()
    {
        string model = Trained();
        string snapshots = Path.Combine(_folder, "models--org--name", "snapshots");
        Directory.CreateDirectory(snapshots);
        Directory.CreateSymbolicLink(Path.Combine(snapshots, "abc"), model);
        string hub = Path.Combine(_folder, "models--org--name");

        Assert.Equal(Ids(Json("tokenize", model, "--text", "Soft!"), "ids"), Ids(Json("tokenize", hub, "--text", "Soft!"), "ids"));
        Assert.Equal(Ids(Continued(model), "ids"), Ids(Continued(hub), "ids"));

        JsonElement Continued(string folder) => Json("generate", folder, "--prompt", "Soft!", "--max-tokens", "4", "--threads", "1");
    }

    [Theory]
    [MemberData(nameof(Quantized))]
    public void A_quantized_model_continues_a_prompt(string model)
    {
        Assert.SkipWhen(model.Length == 0, "no quantized reference models found");
        string folder = Path.Combine(_folder, "model");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Golden.Folder(model)!))
        {
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), file);
        }

        BytePairTrainer trainer = new();
        trainer.Add("the router sends the token to the expert");
        trainer.Train(280, TestContext.Current.CancellationToken).Save(folder);

        JsonElement made = Json("generate", folder, "--prompt", "the token", "--max-tokens", "5", "--show-routing", "--threads", "1");
        JsonElement again = Json("generate", folder, "--prompt", "the token", "--max-tokens", "5", "--threads", "1");

        Assert.InRange(made.GetProperty("ids").GetArrayLength(), 1, 5);
        Assert.Equal(Ids(made, "ids"), Ids(again, "ids"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Trained()
    {
        string? model = Golden.Folder("models/trained-qwen3_moe");
        Assert.SkipWhen(model is null, "no trained reference model found");
        return model;
    }

    private static int[] Ids(JsonElement json, string key) => [.. json.GetProperty(key).EnumerateArray().Select(e => e.GetInt32())];

    private JsonElement Json(params string[] args)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.json");
        CommandRun run = CommandRun.Of([.. args, "--quiet", "--json", path]);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonElement.Parse(File.ReadAllText(path));
    }
}
