using System.Text.Json;
using Switchyard.Models;

namespace Switchyard.Cli.Tests.Verbs;

public sealed class ProfileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Fact]
    public void A_saved_model_is_profiled_reported_traced_and_compared()
    {
        string model = Model("model", 256, 1);
        string other = Model("other", 256, 2);
        string text = Text();
        CommandRun first = CommandRun.Of("profile", model, "--text", text, "--context", "16", "--output", At("first"), "--trace", At("trace.parquet"), "--threads", "1");
        Assert.Equal((0, string.Empty), (first.ExitCode, first.Error));
        Assert.Contains("layer 1", first.Output, StringComparison.Ordinal);
        Assert.Contains("Diagnosis", first.Output, StringComparison.Ordinal);
        Assert.Contains("prose.txt", first.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(At("first/report.html")));
        Assert.Equal("PAR1"u8.ToArray(), File.ReadAllBytes(At("trace.parquet"))[..4]);

        CommandRun beside = CommandRun.Of("profile", other, "--text", text, "--context", "16", "--output", At("second"), "--compare", At("first"), "--threads", "1");
        Assert.Equal(0, beside.ExitCode);
        Assert.Contains("difference", beside.Output, StringComparison.Ordinal);

        CommandRun report = CommandRun.Of("report", At("second"), "--compare", At("first/profile.json"), "--output", At("both.html"));
        Assert.Equal((0, beside.Output.Split("Report:")[0]), (report.ExitCode, report.Output.Split("Report:")[0]));
        Assert.True(File.Exists(At("both.html")));
    }

    [Fact]
    public void Eval_and_profile_of_a_model_agree_on_the_loss()
    {
        string model = Model("model", 256, 1);
        CommandRun eval = CommandRun.Of("eval", model, "--text", Text(), "--context", "16", "--stride", "7", "--json", At("eval.json"), "--threads", "1");
        CommandRun profile = CommandRun.Of("profile", model, "--text", Text(), "--context", "16", "--stride", "7", "--json", At("profile.json"), "--output", At("out"), "--threads", "1");
        Assert.Equal((0, 0), (eval.ExitCode, profile.ExitCode));
        Assert.Equal(Number("eval.json", "loss"), Number("profile.json", "loss"), 10);
        Assert.Equal(Number("eval.json", "tokens"), Number("profile.json", "targets"), 10);
    }

    [Fact]
    public void Eval_and_profile_through_a_cache_of_experts_find_the_same_and_say_what_it_did()
    {
        string model = Model("model", 256, 1);
        CommandRun mapped = CommandRun.Of("eval", model, "--text", Text(), "--context", "16", "--json", At("mapped.json"), "--threads", "1");
        CommandRun eval = CommandRun.Of("eval", model, "--text", Text(), "--context", "16", "--expert-cache", "40KB", "--json", At("eval.json"), "--threads", "1");
        CommandRun profile = CommandRun.Of("profile", model, "--text", Text(), "--context", "16", "--expert-cache", "40KB", "--json", At("profile.json"), "--output", At("out"), "--threads", "1");
        Assert.Equal((0, 0, 0), (mapped.ExitCode, eval.ExitCode, profile.ExitCode));
        Assert.Equal(Number("mapped.json", "loss"), Number("eval.json", "loss"));
        Assert.Contains("Expert cache: ", eval.Output, StringComparison.Ordinal);
        Assert.Contains("expert cache: ", profile.Output, StringComparison.Ordinal);
        Assert.Contains("Expert cache", File.ReadAllText(At("out/report.html")), StringComparison.Ordinal);
        foreach (string file in (string[])["eval.json", "profile.json"])
        {
            JsonElement cache = JsonElement.Parse(File.ReadAllText(At(file))).GetProperty("expertCache");
            Assert.Equal(40_000, cache.GetProperty("cacheBytes").GetInt64());
            Assert.InRange(cache.GetProperty("misses").GetInt64(), 1, long.MaxValue);
            Assert.InRange(cache.GetProperty("bytesRead").GetInt64(), 1, long.MaxValue);
            Assert.InRange(cache.GetProperty("hitRate").GetDouble(), 0, 1);
        }

        Assert.Equal(JsonValueKind.Null, JsonElement.Parse(File.ReadAllText(At("mapped.json"))).GetProperty("expertCache").ValueKind);
        CommandRun.Of("eval", model, "--text", Text(), "--expert-cache", "1KB").AssertFails(3, "--expert-cache is 1,000", "an expert has");
        CommandRun.Of("eval", model, "--text", Text(), "--arithmetic", "int8").AssertFails(3, "arithmetic is int8", "those of layer 0 are fp32");
    }

    [Fact]
    public void Eval_of_a_model_without_text_is_bad_usage() =>
        CommandRun.Of("eval", Model("model", 256, 1)).AssertFails(2, "--text");

    [Fact]
    public void A_vocabulary_that_is_not_of_bytes_needs_a_tokenizer() =>
        CommandRun.Of("profile", Model("model", 320, 1), "--text", Text()).AssertFails(3, "tokenizer.json");

    [Fact]
    public void What_is_missing_or_too_long_is_named()
    {
        string model = Model("model", 256, 1);
        CommandRun.Of("profile", At("none"), "--text", Text()).AssertFails(3, "none", "model_type");
        CommandRun.Of("profile", model, "--text", At("none.txt")).AssertFails(3, "none.txt");
        CommandRun.Of("profile", model, "--text", Text(), "--context", "64").AssertFails(3, "--context is 64", "32");
        CommandRun.Of("profile", model, "--text", Text(), "--context", "8", "--stride", "9").AssertFails(3, "--stride is 9");
        CommandRun.Of("profile", model, "--text", Text(), "--compare", At("none")).AssertFails(3, "--compare", "none");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private double Number(string file, string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(At(file)));
        return json.RootElement.GetProperty(name).GetDouble();
    }

    private string Text()
    {
        Directory.CreateDirectory(At("text"));
        File.WriteAllText(At("text/prose.txt"), string.Concat(Enumerable.Repeat("Some words, and then some more of them. ", 10)));
        File.WriteAllText(At("text/code.txt"), string.Concat(Enumerable.Repeat("x[i] += y[i] * 2;\n", 10)));
        return At("text");
    }

    private string Model(string name, int vocabulary, long seed)
    {
        using MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = vocabulary, HiddenSize = 16, Heads = 2, KeyValueHeads = 2, HeadSize = 8, Experts = 4, InnerSize = 8, SequenceLength = 32, Seed = seed });
        model.Save(At(name));
        return At(name);
    }
}
