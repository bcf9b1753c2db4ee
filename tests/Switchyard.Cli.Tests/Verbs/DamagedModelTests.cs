using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>Models of others with one thing wrong: every verb that runs them says what, in a line, and exits with 3.</summary>
public sealed class DamagedModelTests : IDisposable
{
    private const string Quantized = "models/qwen2_moe-gptq-int4-actorder";
    private const string Plain = "models/mixtral";
    private const string WeightsFile = "model.safetensors";
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    public static TheoryData<string, string, string> Damages => new()
    {
        { "truncated", Plain, "the file is cut off" },
        { "missing", Plain, "1 tensors are missing: model.norm.weight" },
        { "unexpected", Plain, "1 tensors are unexpected: stranger" },
        { "swapped", Plain, "its shape is [" },
        { "type", Plain, "tensor 'model.norm.weight': its type is I32" },
        { "topk", Plain, "num_experts_per_tok is 9" },
        { "groups", Quantized, "groups of 48" },
        { "scale", Quantized, ".scales': scale 0 is no finite number" },
        { "order", Quantized, ".g_idx': g_idx[0] is 1000; there are" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void It_is_told_in_a_line_and_exits_with_3(string damage, string folder, string says)
    {
        Assert.SkipWhen(Golden.Folder(folder) is null, "no reference models found");
        Damage(damage, folder);
        string text = Path.Combine(_folder, "text.txt"), input = Path.Combine(Golden.Folder(folder)!, "golden.safetensors");
        File.WriteAllText(text, "some text to read");

        CommandRun.Of("forward", _folder, "--input", input, "--output", Path.Combine(_folder, "out.safetensors"), "--threads", "1").AssertFails(3, says);
        CommandRun.Of("eval", _folder, "--text", text, "--tokenizer", "bytes", "--threads", "1").AssertFails(3, says);
        CommandRun.Of("profile", _folder, "--text", text, "--tokenizer", "bytes", "--output", Path.Combine(_folder, "profile"), "--threads", "1").AssertFails(3, says);
        CommandRun.Of("generate", _folder, "--prompt", "a", "--tokenizer", "bytes", "--threads", "1").AssertFails(3, says);
        Assert.Equal(["config.json", WeightsFile, "text.txt"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Damage(string damage, string folder)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Golden.Folder(folder)!, WeightsFile));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden.Folder(folder)!, "config.json")))!;
        string path = Path.Combine(_folder, WeightsFile);
        const string norm = "model.norm.weight", embedding = "model.embed_tokens.weight";
        switch (damage)
        {
            case "topk":
                config["num_experts_per_tok"] = 9;
                break;
            case "groups":
                config["quantization_config"]!["group_size"] = 48;
                break;
        }

        File.WriteAllText(Path.Combine(_folder, "config.json"), config.ToJsonString());
        string scales = file.Entries.Keys.Where(n => n.EndsWith(".scales", StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault(string.Empty);
        string order = scales.Replace(".scales", ".g_idx", StringComparison.Ordinal);
        SafetensorsWriter.Write(path, file.Entries.Keys.Where(n => damage is not "missing" || n != norm).Select(n => damage switch
        {
            "swapped" when n is norm => SafetensorsSource.Of(file, embedding) with { Name = norm },
            "swapped" when n is embedding => SafetensorsSource.Of(file, norm) with { Name = embedding },
            "type" when n is norm => SafetensorsSource.Of(n, file.Load(n).to(ScalarType.Int32)),
            "scale" when n == scales => SafetensorsSource.Of(n, With(file.Load(n), float.NaN)),
            "order" when n == order => SafetensorsSource.Of(n, With(file.Load(n), 1000)),
            _ => SafetensorsSource.Of(file, n),
        }).Concat(damage is "unexpected" ? [SafetensorsSource.Of(file, norm) with { Name = "stranger" }] : []));
        if (damage is "truncated")
        {
            // Shorter than its header says, so that nothing after it can be right.
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..64]);
        }

        static Tensor With(Tensor tensor, double first)
        {
            tensor.flatten()[0].fill_(first);
            return tensor;
        }
    }
}
