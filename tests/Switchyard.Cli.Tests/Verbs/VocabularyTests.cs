using System.Globalization;
using System.Text.Json;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>Training on a vocabulary that is learnt from the text, and what is done with the result.</summary>
public sealed class VocabularyTests : IDisposable
{
    private const string Tiny = """
        { "name": "tiny", "model": { "hiddenSize": 16, "layers": 1, "heads": 2, "experts": 4, "topK": 2, "innerSize": 8, "sequenceLength": 16 },
          "training": { "steps": 4, "batchSequences": 4, "logEvery": 2, "evaluateTokens": 128, "checkpointEvery": 2 }, "heldOutShare": 0.2 }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Fact]
    public void A_trained_run_is_judged_continued_and_generates_with_its_own_tokenizer()
    {
        string run = Path.Combine(_folder, "run");
        JsonElement row = Json(Train(run, "--vocab", "300")).GetProperty("rows")[0];
        JsonElement judged = Json(["eval", run]);
        JsonElement text = Json(["eval", run, "--text", Text(), "--max-tokens", "200"]);
        JsonElement model = Json(["eval", Path.Combine(run, "model"), "--text", Text(), "--max-tokens", "200"]);
        JsonElement generated = Json(["generate", run, "--prompt", "line", "--max-tokens", "3"]);

        using TextTokenizer tokenizer = TextTokenizer.Load(run);
        Assert.Equal(300, tokenizer.VocabularySize);
        Assert.Equal(row.GetProperty("testLoss").GetDouble(), judged.GetProperty("loss").GetDouble(), 1e-6);
        Assert.Equal(row.GetProperty("testLossPerByte").GetDouble(), judged.GetProperty("lossPerByte").GetDouble(), 1e-6);
        foreach (JsonElement result in new[] { judged, text, model })
        {
            Assert.InRange(result.GetProperty("lossPerByte").GetDouble(), 0.1, result.GetProperty("loss").GetDouble() * 0.9);
        }

        Assert.NotEmpty(generated.GetProperty("ids").EnumerateArray());

        string[] checkpoints = Directory.GetDirectories(Path.Combine(run, "checkpoints"));
        byte[] last = File.ReadAllBytes(Path.Combine(run, "checkpoints", "step-4", "model.safetensors"));
        Directory.Delete(Path.Combine(run, "checkpoints", "step-4"), recursive: true);
        Assert.Equal(2, checkpoints.Length);
        Assert.Equal(0, CommandRun.Of("train", "--resume", run, "--quiet").ExitCode);
        Assert.Equal(last, File.ReadAllBytes(Path.Combine(run, "checkpoints", "step-4", "model.safetensors")));
    }

    [Fact]
    public void The_table_tells_the_loss_by_the_byte_and_a_run_without_its_tokenizer_is_refused_by_name()
    {
        string run = Path.Combine(_folder, "run");
        CommandRun train = CommandRun.Of(Train(run, "--vocab", "280"));
        Assert.True(train.ExitCode == 0, train.Error);
        Assert.Contains("nats/byte", train.Output, StringComparison.Ordinal);
        File.Delete(Path.Combine(run, "tokenizer.json"));

        CommandRun.Of("eval", run).AssertFails(3, "tokenizer.json");
        CommandRun.Of("train", "--resume", run).AssertFails(3, "tokenizer.json");
    }

    [Fact]
    public void Rows_of_a_comparison_share_one_vocabulary()
    {
        string run = Path.Combine(_folder, "run");
        CommandRun compare = CommandRun.Of("compare", "--config", Config(), "--corpus", Text(), "--output", run, "--rows", "linear,hash", "--vocab", "280");

        Assert.True(compare.ExitCode == 0, compare.Error);
        byte[] tokenizer = File.ReadAllBytes(Path.Combine(run, "tokenizer.json"));
        foreach (string row in new[] { "linear", "hash" })
        {
            Assert.Equal(tokenizer, File.ReadAllBytes(Path.Combine(run, "rows", row, "tokenizer.json")));
            Assert.Equal(tokenizer, File.ReadAllBytes(Path.Combine(run, "rows", row, "model", "tokenizer.json")));
        }

        JsonElement corpus = JsonElement.Parse(File.ReadAllText(Path.Combine(run, "compare.json"))).GetProperty("corpus");
        Assert.Equal(280, corpus.GetProperty("vocabularySize").GetInt32());
        Assert.True(corpus.GetProperty("trainBytes").GetInt64() > corpus.GetProperty("trainTokens").GetInt64());
        Assert.Equal(0, CommandRun.Of("compare", "--resume", run, "--quiet").ExitCode);
    }

    [Fact]
    public void The_configuration_can_name_it_and_the_command_line_decides()
    {
        string config = Path.Combine(_folder, "v.json");
        File.WriteAllText(config, Tiny.Replace("\"name\": \"tiny\"", "\"vocabulary\": 270, \"name\": \"tiny\"", StringComparison.Ordinal));

        Assert.Equal(270, Size("named", []));
        Assert.Equal(275, Size("decided", ["--vocab", "275"]));

        int Size(string name, string[] more)
        {
            string run = Path.Combine(_folder, name);
            Assert.Equal(0, CommandRun.Of(["train", "--config", config, "--corpus", Text(), "--output", run, "--steps", "1", "--quiet", .. more]).ExitCode);
            using TextTokenizer tokenizer = TextTokenizer.Load(run);
            return tokenizer.VocabularySize;
        }
    }

    [Theory]
    [InlineData("256", "at least 257")]
    [InlineData("-1", "--vocab is -1")]
    [InlineData("many", "many")]
    public void A_size_without_room_for_bytes_is_bad_usage(string size, string message) =>
        CommandRun.Of("train", "--vocab", size).AssertFails(2, message);

    [Fact]
    public void A_size_without_room_for_bytes_in_a_configuration_is_bad_input()
    {
        string config = Path.Combine(_folder, "v.json");
        File.WriteAllText(config, """{ "vocabulary": 100 }""");
        CommandRun.Of("train", "--config", config, "--output", Path.Combine(_folder, "run")).AssertFails(3, "vocabulary is 100");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string[] Train(string run, params string[] more) => ["train", "--config", Config(), "--corpus", Text(), "--output", run, .. more];

    private string Config()
    {
        string path = Path.Combine(_folder, "c.json");
        File.WriteAllText(path, Tiny);
        return path;
    }

    private string Text()
    {
        string path = Path.Combine(_folder, "text.jsonl");
        if (!File.Exists(path))
        {
            File.WriteAllLines(path, Enumerable.Range(0, 300).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""{"text":"line {{i}} of a text that is long enough to train on, more or less","domain":"{{i % 2}}"}""")));
        }

        return path;
    }

    private JsonElement Json(string[] args)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.json");
        CommandRun run = CommandRun.Of([.. args, "--quiet", "--threads", "1", "--json", path]);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonElement.Parse(File.ReadAllText(path));
    }
}
