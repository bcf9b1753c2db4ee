using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>quantize</c> of a small model of bytes.</summary>
public sealed class QuantizeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Theory]
    [InlineData("8")]
    [InlineData("4", "--calibrate")]
    public void Experts_become_integers_are_judged_and_the_new_checkpoint_is_one_that_other_verbs_read(string bits, params string[] calibrate)
    {
        string output = At("new"), result = At("result.json"), judged = At("eval.json");
        CommandRun done = Quantize(["--bits", bits, "--group", "128", .. calibrate.SelectMany(option => (string[])[option, Text()]), "--text", Text(), "--context", "16", "--output", output, "--json", result]);
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        Assert.Contains($"{bits} bits in groups of 128", done.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(result));
        Assert.Equal("switchyard.quantize/1", json.RootElement.GetProperty("schema").GetString());

        Assert.Equal(0, CommandRun.Of("eval", output, "--text", Text(), "--context", "16", "--json", judged, "--threads", "1").ExitCode);
        using JsonDocument eval = JsonDocument.Parse(File.ReadAllText(judged));
        Assert.Equal(json.RootElement.GetProperty("lossAfter").GetDouble(), eval.RootElement.GetProperty("loss").GetDouble(), 1e-9);
        Assert.Equal(0, CommandRun.Of("prune", output, "--keep", "3", "--text", Text(), "--context", "16", "--output", At("pruned"), "--quiet", "--threads", "1").ExitCode);
        CommandRun.Of("prune", output, "--keep", "3", "--merge", "--text", Text(), "--context", "16", "--output", At("merged")).AssertFails(3, "can be merged", "quantized");
        CommandRun.Of("quantize", At("pruned"), "--output", At("again")).AssertFails(3, At("pruned"), "quantized already");
    }

    [Fact]
    public void What_cannot_be_done_ends_with_one_line_and_its_code()
    {
        Quantize("--bits", "5").AssertFails(2, "--bits is '5'");
        Quantize("--group", "48").AssertFails(2, "--group is '48'");
        Quantize("--calibrate-tokens", "0").AssertFails(2, "--calibrate-tokens is 0");
        Quantize("--least-tokens", "-1").AssertFails(2, "--least-tokens is -1");
        Quantize("--text", Text(), "--context", "999").AssertFails(3, "--context is 999", "longest sequence");
        Quantize("--text", At("nothing.txt")).AssertFails(3, "nothing.txt");
        Quantize("--calibrate", At("nothing.txt")).AssertFails(3, "nothing.txt");
        string small = At("small.txt");
        File.WriteAllText(small, "a");
        Quantize("--text", small).AssertFails(3, "small.txt", "two tokens");
        Quantize("--calibrate", small).AssertFails(3, "small.txt", "two tokens");
        Quantize("--output", Model()).AssertFails(3, "there already");
        CommandRun.Of("quantize", Model()).AssertFails(2, "--output");
        CommandRun.Of("quantize", At("none"), "--output", At("unwanted")).AssertFails(3, At("none"), "no model there");
        string config = Path.Combine(Model(), "config.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
        json["model_type"] = "llama";
        File.WriteAllText(config, json.ToJsonString());
        Quantize().AssertFails(3, "model_type is 'llama'");
        string dense = At("dense");
        using (MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 1, Heads = 2, KeyValueHeads = 2, HeadSize = 8, DenseInnerSize = 24, DenseLayers = [0] }))
        {
            model.Save(dense);
        }

        CommandRun.Of("quantize", dense, "--output", At("unwanted")).AssertFails(3, dense, "no layer has experts");
        Assert.False(Directory.Exists(At("unwanted")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CommandRun Quantize(params string[] arguments) => CommandRun.Of(
    [
        "quantize", Model(), "--threads", "1",
        .. arguments.Contains("--output") ? Array.Empty<string>() : ["--output", At("unwanted")],
        .. arguments,
    ]);

    private string At(string name) => Path.Combine(_folder, name);

    private string Text() => TinyCheckpoint.Text(_folder);

    private string Model() => TinyCheckpoint.Model(_folder);
}
