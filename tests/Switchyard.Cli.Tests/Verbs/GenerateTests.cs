using System.Text.Json;
using Switchyard.Models;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary><c>generate</c> and <c>tokenize</c> of a small model of bytes.</summary>
public sealed class GenerateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Fact]
    public void A_prompt_is_continued_the_same_way_twice_and_another_way_with_another_seed()
    {
        string model = Model();
        string first = Text("a.json", model, "--temperature", "1", "--seed", "3");
        Assert.Equal(first, Text("b.json", model, "--temperature", "1", "--seed", "3"));
        Assert.NotEqual(first, Text("c.json", model, "--temperature", "1", "--seed", "4"));
    }

    [Fact]
    public void In_bf16_a_prompt_is_continued_as_well() => Assert.NotEmpty(Text("d.json", Model(), "--dtype", "bf16"));

    [Fact]
    public void The_text_goes_to_standard_output()
    {
        CommandRun run = CommandRun.Of("generate", Model(), "--prompt", "abc", "--max-tokens", "4", "--threads", "1");
        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        Assert.StartsWith("abc", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the prompt is empty")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789", "the prompt has 70 tokens; the model was made for 64")]
    public void A_prompt_that_is_refused_is_not_shown(string prompt, string says) =>
        CommandRun.Of("generate", Model(), "--prompt", prompt, "--threads", "1").AssertFails(3, says);

    [Fact]
    public async Task Standard_input_is_read_as_UTF_8_or_refused()
    {
        CommandRun right = await CommandRun.WithInputAsync([.. "Gr\u00fc"u8], "tokenize", Model());
        Assert.Equal((0, "71 114 195 188" + Environment.NewLine), (right.ExitCode, right.Output));
        (await CommandRun.WithInputAsync([0x61, 0xFF, 0x62], "tokenize", Model())).AssertFails(3, "standard input is not valid UTF-8");
        (await CommandRun.WithInputAsync([0x61, 0xFF, 0x62], "generate", Model(), "--max-tokens", "1")).AssertFails(3, "standard input is not valid UTF-8");
    }

    [Fact]
    public void Text_becomes_ids_and_ids_become_text()
    {
        string model = Model();
        string file = Path.Combine(_folder, "ids.json");
        CommandRun there = CommandRun.Of("tokenize", model, "--text", "Grüße", "--json", file);
        Assert.Equal((0, string.Empty), (there.ExitCode, there.Error));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
        int[] ids = [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
        Assert.Equal([.. "Grüße"u8], ids.Select(i => (byte)i));
        CommandRun back = CommandRun.Of("tokenize", model, "--ids", string.Join(',', ids));
        Assert.Equal(0, back.ExitCode);
        Assert.Contains("Grüße", back.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_is_quantized_judged_and_not_written_over()
    {
        string text = Path.Combine(_folder, "text.txt"), output = Path.Combine(_folder, "small");
        File.WriteAllText(text, string.Join(' ', Enumerable.Range(0, 200)));
        CommandRun run = CommandRun.Of("quantize", Model(), "--bits", "4", "--output", output, "--text", text, "--context", "32", "--threads", "1");
        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        Assert.Contains("4 bits in groups of 32", run.Output, StringComparison.Ordinal);
        Assert.Contains("perplexity", run.Output, StringComparison.Ordinal);
        string calibrated = Path.Combine(_folder, "calibrated"), json = Path.Combine(_folder, "quantize.json");
        run = CommandRun.Of("quantize", Model(), "--bits", "4", "--calibrate", text, "--least-tokens", "20", "--output", calibrated, "--json", json, "--threads", "1");
        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        Assert.Contains("calibrated %", run.Output, StringComparison.Ordinal);
        JsonElement result = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(json));
        Assert.Equal("switchyard.quantize/1", result.GetProperty("schema").GetString());
        Assert.All(result.GetProperty("layers").EnumerateArray(), l => Assert.True(l.GetProperty("error").GetProperty("calibrated").GetDouble() < l.GetProperty("error").GetProperty("plain").GetDouble()));
        CommandRun.Of("quantize", Model(), "--output", Path.Combine(_folder, "none"), "--calibrate", Path.Combine(_folder, "missing.txt")).AssertFails(3, "missing.txt");
        CommandRun.Of("quantize", Model(), "--output", output).AssertFails(3, "small", "already");
        CommandRun.Of("quantize", output, "--output", Path.Combine(_folder, "twice")).AssertFails(3, "quantized already");
        CommandRun.Of("quantize", Model(), "--bits", "5", "--output", output).AssertFails(2, "--bits");
    }

    [Fact]
    public void A_model_whose_selector_looks_at_later_tokens_does_not_generate_and_says_why()
    {
        using TinyRun run = new();
        string trained = run.At("chosen");
        Assert.Equal(0, CommandRun.Of(run.Training("train", trained, "--routing", "linear+expert-choice")).ExitCode);
        CommandRun.Of("generate", Path.Combine(trained, "model"), "--prompt", "a").AssertFails(3, "expert-choice", "later ones");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Text(string file, string model, params string[] more)
    {
        string path = Path.Combine(_folder, file);
        CommandRun run = CommandRun.Of(["generate", model, "--prompt", "abc", "--max-tokens", "12", "--threads", "1", "--quiet", "--json", path, .. more]);
        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        return string.Join(',', json.RootElement.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32()));
    }

    private string Model()
    {
        string path = Path.Combine(_folder, "model");
        if (!Directory.Exists(path))
        {
            using MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 256, HiddenSize = 32, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = 4, TopK = 2, InnerSize = 16, SequenceLength = 64, InitialDeviation = 0.3 });
            model.Save(path);
        }

        return path;
    }
}
