using System.Text.Json;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>The reference models of every architecture and storage, through the verbs that an engineer uses first. Most have no tokenizer; bytes are ids of all of them.</summary>
public sealed class GoldenVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    public static TheoryData<string> Decoders() => [.. Golden.Folders("models").Where(HasExperts).DefaultIfEmpty(string.Empty)];

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Profile_eval_and_generate_run_with_bytes_as_tokens(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        string model = Golden.Folder(folder)!, text = Path.Combine(_folder, "text.txt");
        File.WriteAllText(text, string.Join(' ', Enumerable.Range(0, 60)));
        string[] common = [model, "--tokenizer", "bytes", "--threads", "1"];

        CommandRun profile = CommandRun.Of(["profile", .. common, "--text", text, "--context", "32", "--output", Path.Combine(_folder, "profile")]);
        Assert.True(profile.ExitCode == 0, profile.Error);
        Assert.True(File.Exists(Path.Combine(_folder, "profile", "report.html")));
        string json = Path.Combine(_folder, "eval.json");
        CommandRun eval = CommandRun.Of(["eval", .. common, "--text", text, "--context", "32", "--json", json]);
        Assert.True(eval.ExitCode == 0, eval.Error);
        Assert.InRange(JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(json)).GetProperty("loss").GetDouble(), 0.1, 20);
        CommandRun generate = CommandRun.Of(["generate", .. common, "--prompt", "ab", "--max-tokens", "3", "--temperature", "0"]);
        Assert.True(generate.ExitCode == 0, generate.Error);
    }

    [Fact]
    public void A_weight_that_is_no_number_ends_profile_and_eval_with_a_reason()
    {
        using TinyRun run = new();
        string model = Path.Combine(run.Trained("run"), "model"), weights = Path.Combine(model, "model.safetensors");
        using (var scope = NewDisposeScope())
        {
            List<(string Name, Tensor Tensor)> tensors;
            using (SafetensorsFile file = SafetensorsFile.Open(weights))
            {
                tensors = [.. file.Entries.Keys.Select(n => (n, file.Load(n)))];
            }

            tensors.First(t => t.Name.Contains("q_proj", StringComparison.Ordinal)).Tensor[0, 0] = float.NaN;
            SafetensorsWriter.Write(weights, tensors);
        }

        CommandRun.Of("eval", model, "--text", run.Text).AssertFails(3, "not a finite number");
        CommandRun.Of("profile", model, "--text", run.Text, "--output", run.At("profile")).AssertFails(3, "not a finite number");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool HasExperts(string folder) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(Golden.Folder(folder)!, "config.json"))).TryGetProperty("num_experts_per_tok", out _);
}
