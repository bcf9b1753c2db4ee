using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>upcycle</c> of a small dense model of bytes, and of a reference BERT.</summary>
public sealed class UpcycleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Theory]
    [InlineData("copy", "2")]
    [InlineData("split", "4")]
    public void A_dense_model_is_given_experts_judged_and_the_new_checkpoint_is_one_that_other_verbs_read(string by, string topK)
    {
        string output = Path.Combine(_folder, "new"), result = Path.Combine(_folder, "result.json");
        CommandRun done = Upcycle("--by", by, "--top-k", topK, "--judge", Text("judge"), "--output", output, "--json", result);
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        Assert.Contains("perplexity", done.Output, StringComparison.Ordinal);
        Assert.Contains($"4 experts of inner size {(by is "split" ? 6 : 24)}, {topK} a token", done.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(result));
        JsonElement root = json.RootElement;
        Assert.Equal("switchyard.upcycle/1", root.GetProperty("schema").GetString());
        Assert.Equal(by, root.GetProperty("by").GetString());
        Assert.Equal(root.GetProperty("before").GetProperty("loss").GetDouble(), root.GetProperty("after").GetProperty("loss").GetDouble(), 1e-5);

        string judged = Path.Combine(_folder, "eval.json");
        Assert.Equal(0, CommandRun.Of("eval", output, "--text", Text("judge"), "--context", "16", "--json", judged, "--threads", "1").ExitCode);
        using JsonDocument eval = JsonDocument.Parse(File.ReadAllText(judged));
        Assert.Equal(root.GetProperty("after").GetProperty("loss").GetDouble(), eval.RootElement.GetProperty("loss").GetDouble(), 1e-9);
        string inspected = CommandRun.Of("inspect", output).Output;
        Assert.Contains($"4 experts, {topK} a token", inspected, StringComparison.Ordinal);
        Assert.Contains("architecture   qwen3_moe\n", inspected.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("generate", output, "--prompt", "ab", "--max-tokens", "2", "--threads", "1").ExitCode);
        Assert.Equal(0, CommandRun.Of("profile", output, "--text", Text("judge"), "--context", "16", "--output", Path.Combine(_folder, "report.html"), "--quiet", "--threads", "1").ExitCode);
        Assert.Equal(0, CommandRun.Of("reroute", output, "--text", Texts(), "--context", "8", "--evaluate-tokens", "64", "--steps", "1", "--distill-steps", "1", "--output", Path.Combine(_folder, "run"), "--quiet", "--threads", "1").ExitCode);
    }

    [Fact]
    public void The_dense_model_itself_is_read_by_eval_generate_and_inspect()
    {
        Assert.Equal(0, CommandRun.Of("eval", Model(), "--text", Text("judge"), "--context", "16", "--threads", "1").ExitCode);
        Assert.Equal(0, CommandRun.Of("generate", Model(), "--prompt", "ab", "--max-tokens", "2", "--threads", "1").ExitCode);
        string inspected = CommandRun.Of("inspect", Model()).Output;
        Assert.Contains("architecture   qwen3\n", inspected.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("no MoE layers", inspected, StringComparison.Ordinal);
        CommandRun.Of("profile", Model(), "--text", Text("judge")).AssertFails(3, "no layer of the model has experts");
    }

    [Fact]
    public void Inspect_says_that_transformers_cannot_load_an_encoder_with_experts_or_other_routers()
    {
        Assert.Equal(0, Upcycle("--router", "attention", "--output", Path.Combine(_folder, "other"), "--quiet").ExitCode);
        Assert.Contains("switchyard_moe: qwen3_moe with other routers, which transformers cannot load", CommandRun.Of("inspect", Path.Combine(_folder, "other")).Output, StringComparison.Ordinal);

        Assert.SkipWhen(Golden.Folder("models/bert") is null, "no reference models found");
        string output = Path.Combine(_folder, "bert");
        CommandRun done = CommandRun.Of("upcycle", Golden.Folder("models/bert")!, "--experts", "4", "--top-k", "2", "--layers", "0-1", "--output", output, "--threads", "1");
        Assert.Equal((0, string.Empty), (done.ExitCode, done.Error));
        string inspected = CommandRun.Of("inspect", output).Output;
        Assert.Contains("switchyard_moe: bert with MoE layers, which transformers cannot load", inspected, StringComparison.Ordinal);
        Assert.Contains("2 of 3 layers, 4 experts, 2 a token, inner size 128", inspected, StringComparison.Ordinal);
        Assert.Contains("bert.encoder.layer.{0-1}.mlp.experts.{0-3}.down_proj.bias", inspected, StringComparison.Ordinal);
        string input = Path.Combine(Golden.Folder("models/bert")!, "golden.safetensors"), states = Path.Combine(_folder, "states.safetensors");
        Assert.Equal(0, CommandRun.Of("forward", output, "--input", input, "--output", states, "--threads", "1").ExitCode);
    }

    [Fact]
    public void What_cannot_be_done_ends_with_one_line_and_its_code()
    {
        Upcycle("--by", "copies").AssertFails(2, "--by is 'copies'");
        Upcycle("--experts", "0").AssertFails(2, "--experts is 0");
        Upcycle("--noise", "-1").AssertFails(2, "--noise is -1");
        Upcycle("--router", "lin").AssertFails(2, "--router is 'lin'");
        Upcycle("--top-k", "5").AssertFails(3, "topK is 5");
        Upcycle("--layers", "1-x").AssertFails(3, "--layers 1-x");
        Upcycle("--layers", "7").AssertFails(3, "layer 7 is named");
        Upcycle("--experts", "5", "--by", "split").AssertFails(3, "does not divide into 5 experts");
        Upcycle("--output", Model()).AssertFails(3, "there already");
        Upcycle("--judge", Path.Combine(_folder, "nothing.txt")).AssertFails(3, "nothing.txt");
        CommandRun.Of("upcycle", Model(), "--experts", "4", "--top-k", "2").AssertFails(2, "--output");
        CommandRun.Of("upcycle", Path.Combine(_folder, "none"), "--experts", "4", "--top-k", "2", "--output", Path.Combine(_folder, "x")).AssertFails(3, "no model there");
        string config = Path.Combine(Model(), "config.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
        json["model_type"] = "llama";
        File.WriteAllText(config, json.ToJsonString());
        Upcycle().AssertFails(3, "model_type is 'llama'");
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder), p => Path.GetFileName(p) is not "dense");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CommandRun Upcycle(params string[] arguments) => CommandRun.Of(
    [
        "upcycle", Model(), "--threads", "1",
        .. arguments.Contains("--experts") ? Array.Empty<string>() : ["--experts", "4"],
        .. arguments.Contains("--top-k") ? Array.Empty<string>() : ["--top-k", "2"],
        .. arguments.Contains("--judge") ? ["--context", "16"] : Array.Empty<string>(),
        .. arguments.Contains("--output") ? Array.Empty<string>() : ["--output", Path.Combine(_folder, "unwanted")],
        .. arguments,
    ]);

    private string Text(string name)
    {
        string file = Path.Combine(_folder, name + ".txt");
        File.WriteAllText(file, string.Join(' ', Enumerable.Range(name.Length, 200)));
        return file;
    }

    private string Texts()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "texts")).FullName;
        for (int i = 0; i < 30; i++)
        {
            File.WriteAllText(Path.Combine(folder, $"{i}.txt"), string.Join(' ', Enumerable.Range(i, 30)));
        }

        return folder;
    }

    private string Model()
    {
        string folder = Path.Combine(_folder, "dense");
        if (!Directory.Exists(folder))
        {
            using MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, DenseInnerSize = 24, DenseLayers = [0, 1], SequenceLength = 64, InitialDeviation = 0.2 });
            model.Save(folder);
        }

        return folder;
    }
}
