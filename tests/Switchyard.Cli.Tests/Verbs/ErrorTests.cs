namespace Switchyard.Cli.Tests.Verbs;

public sealed class ErrorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    public static TheoryData<string, string> BadUsage => new()
    {
        { "compare --steps -1", "--steps is -1; it must be at least 1" },
        { "compare --steps many", "many" },
        { "compare --rows ,", "--rows is empty" },
        { "compare --capacity-factor 2", "--capacity-factor says nothing without --capacity" },
        { "train --preset quick --config c.json", "--preset and --config cannot stand together" },
        { "compare --rows liner", "did you mean 'linear'" },
        { "compare --rows hash+switch", "router 'hash'" },
        { "compare --preset quik", "did you mean 'quick'" },
        { "compare --executor pading", "did you mean 'padded'" },
        { "compare --activations kep", "did you mean 'keep'" },
        { "compare --seeds 0", "--seeds is 0" },
        { "compare --device gpu", "--device is 'gpu'" },
        { "compare --verbosity loud", "--verbosity is 'loud'" },
        { "compare --stepps 3", "--stepps" },
        { "compara", "compara" },
        { "eval --text x", "MODEL" },
        { "profile model", "--text" },
        { "profile model --text x --stride 0", "--stride is 0" },
        { "profile m --text x --contxt 3", "--contxt" },
        { "generate --prompt x", "MODEL" },
        { "generate m --max-tokens 0", "--max-tokens is 0; it must be at least 1" },
        { "generate m --temperature -1", "--temperature is -1" },
        { "generate m --top-p 0", "--top-p is 0; it must be above 0" },
        { "generate m --top-p 1.5", "--top-p is 1.5; it must be at most 1" },
        { "generate m --min-p 2", "--min-p is 2; it must be at most 1" },
        { "generate m --repetition-penalty 0", "--repetition-penalty is 0; it must be above 0" },
        { "generate m --temperature nan", "--temperature is nan" },
        { "generate m --temperature infinity", "--temperature is infinity; it must be at most" },
        { "generate m --top-k -1", "--top-k is -1" },
        { "generate m --expert-cache 2", "--expert-cache is '2'; it must be a whole number and a unit" },
        { "eval m --expert-cache GB", "--expert-cache is 'GB'" },
        { "profile m --text x --expert-cache 0MB", "--expert-cache is '0MB'" },
        { "forward m --input a --output b --expert-cache 1.5GB", "--expert-cache is '1.5GB'" },
        { "eval m --text x --arithmetic int7", "--arithmetic is 'int7'; it must be fp32, bf16, int16 or int8" },
        { "tokenize m --text x --ids 1", "exclude each other" },
        { "tokenize --text x", "MODEL" },
        { "eval --contxt 3", "--contxt" },
        { "bench layer --shape olmo", "did you mean 'olmoe'" },
        { "bench layer --tokens 1,x", "--tokens is '1,x'" },
        { "bench executor --load zipf", "--load is 'zipf'" },
        { "bench executor --storage fp32,bf61", "did you mean 'bf16'" },
        { "bench executor --activations ,", "--activations is ','" },
        { "train --routing linear+expert-choice+dual", "expert-choice" },
    };

    [Theory]
    [MemberData(nameof(BadUsage))]
    public void Bad_usage_is_told_in_a_line_and_exits_with_2(string command, string message) =>
        CommandRun.Of(command.Split(' ')).AssertFails(2, message);

    [Theory]
    [InlineData("--dtype", "fp99", "did you mean")]
    [InlineData("--rows", "linear,linear+none", "'linear' stands twice")]
    [InlineData("--rows", "liner", "did you mean 'linear'")]
    public void What_an_option_cannot_be_is_bad_usage(string option, string value, string says) =>
        CommandRun.Of("compare", option, value).AssertFails(2, option, says);

    [Fact]
    public void A_device_that_is_not_served_is_refused_instead_of_ignored() =>
        Compare("--device", "cuda").AssertFails(3, "--device cuda");

    [Fact]
    public void A_missing_corpus_exits_with_3() =>
        Compare("--corpus", File("none.txt")).AssertFails(3, "none.txt");

    [Fact]
    public void An_empty_corpus_exits_with_3() =>
        Compare("--corpus", File("empty.txt", "")).AssertFails(3, "empty");

    [Fact]
    public void A_text_shorter_than_a_sequence_exits_with_3() =>
        Compare("--corpus", File("short.txt", "a few words")).AssertFails(3, "fewer than");

    [Fact]
    public void Broken_json_lines_exit_with_3_and_name_the_line() =>
        Compare("--corpus", File("bad.jsonl", "{\"text\":\"a\"}\n{\"txt\":1}\n")).AssertFails(3, "bad.jsonl", "2");

    [Fact]
    public void A_config_with_an_unknown_key_exits_with_3_and_names_the_nearest() =>
        Compare("--config", File("c.json", """{ "trainng": {} }""")).AssertFails(3, "c.json", "did you mean 'training'");

    [Fact]
    public void More_experts_a_token_than_there_are_exits_with_3() =>
        Compare("--config", File("c.json", """{ "model": { "topK": 17 } }""")).AssertFails(3, "topK is 17");

    [Fact]
    public void A_missing_config_exits_with_3() =>
        Compare("--config", File("none.json")).AssertFails(3, "none.json");

    [Fact]
    public void An_output_folder_that_is_a_file_exits_with_3() =>
        CommandRun.Of("compare", "--output", File("taken", "x")).AssertFails(3, "taken");

    [Theory]
    [InlineData("compare")]
    [InlineData("train")]
    public void An_output_folder_that_holds_something_exits_with_3_and_is_left_alone(string verb)
    {
        string run = Directory.CreateDirectory(File("used")).FullName;
        File("used/config.json", Tiny);

        CommandRun.Of(verb, "--output", run).AssertFails(3, "holds a run already", "--resume");

        Assert.Equal([Path.Combine(run, "config.json")], Directory.GetFileSystemEntries(run));
    }

    [Theory]
    [InlineData("none/x.json", "there is no folder")]
    [InlineData("", "a folder is there")]
    public void A_result_that_cannot_be_written_is_refused_before_the_work(string name, string says) =>
        CommandRun.Of("compare", "--output", File("out"), "--json", File(name)).AssertFails(3, "--json", says);

    [Fact]
    public void A_report_that_cannot_be_written_exits_with_3() =>
        CommandRun.Of("report", _folder, "--output", File("none/report.html")).AssertFails(3, "--output", "there is no folder");

    [Fact]
    public void A_run_goes_on_with_its_verb_its_threads_and_its_text_or_not_at_all()
    {
        string run = File("run"), text = Text();
        CommandRun trained = CommandRun.Of("train", "--config", File("c.json", Tiny), "--corpus", text, "--output", run, "--threads", "1", "--quiet");
        Assert.True(trained.ExitCode == 0, trained.Error);

        CommandRun.Of("compare", "--resume", run).AssertFails(3, "a run of train", $"switchyard train --resume {run}");
        CommandRun again = CommandRun.Of("train", "--resume", run, "--quiet");
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Equal(1, (int)System.Text.Json.Nodes.JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(run, "compare.json")))!["machine"]!["threads"]!);
        System.IO.File.AppendAllText(text, """{"text":"and one more"}""" + "\n");
        CommandRun.Of("train", "--resume", run).AssertFails(3, "text.jsonl' has changed");
    }

    [Fact]
    public void Resuming_what_is_no_run_exits_with_3() =>
        CommandRun.Of("train", "--resume", _folder).AssertFails(3, "config.json");

    [Fact]
    public void A_report_of_an_unfinished_run_exits_with_3() =>
        CommandRun.Of("report", _folder).AssertFails(3, "compare.json");

    [Fact]
    public void A_report_of_a_file_of_another_kind_exits_with_3() =>
        CommandRun.Of("report", File("other.json", """{ "schema": "other/1" }""")).AssertFails(3, "other/1");

    [Fact]
    public void A_corrupt_checkpoint_on_resume_exits_with_3_and_names_the_file()
    {
        string run = File("run");
        CommandRun trained = CommandRun.Of(
            "train", "--config", File("c.json", Tiny), "--corpus", Text(), "--output", run, "--quiet");
        Assert.True(trained.ExitCode == 0, trained.Error);
        string model = Directory.GetFiles(Path.Combine(run, "checkpoints"), "model.safetensors", SearchOption.AllDirectories).Single();
        byte[] bytes = System.IO.File.ReadAllBytes(model);
        System.IO.File.WriteAllBytes(model, bytes[..(bytes.Length / 2)]);

        CommandRun.Of("train", "--resume", run).AssertFails(3, "model.safetensors");
    }

    [Fact]
    public void Training_evaluating_and_reporting_work_together()
    {
        string run = File("run");

        CommandRun compare = CommandRun.Of(
            "compare", "--config", File("c.json", Tiny), "--corpus", Text(), "--output", run, "--rows", "linear,linear+dual,hash", "--seeds", "2");
        CommandRun eval = CommandRun.Of("eval", Path.Combine(run, "rows", "hash-seed-1"), "--text", Text(), "--context", "16", "--stride", "8", "--max-tokens", "100");
        CommandRun report = CommandRun.Of("report", run, "--output", File("again.html"));

        Assert.True(compare.ExitCode == 0, compare.Error);
        Assert.Contains("linear+dual", compare.Output, StringComparison.Ordinal);
        Assert.Contains("±", compare.Output, StringComparison.Ordinal);
        Assert.Contains("Report: ", compare.Output, StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(Path.Combine(run, "report.html")));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(run, "rows", "hash-seed-1"), "events.out.tfevents.*"));
        Assert.True(eval.ExitCode == 0, eval.Error);
        Assert.Contains("over 100 tokens", eval.Output, StringComparison.Ordinal);
        Assert.True(report.ExitCode == 0, report.Error);
        Assert.True(System.IO.File.Exists(File("again.html")));
    }

    [Fact]
    public void Help_of_every_verb_shows_an_example()
    {
        foreach (string verb in new[] { "compare", "train", "eval", "report", "bench layer" })
        {
            CommandRun run = CommandRun.Of([.. verb.Split(' '), "--help"]);

            Assert.Equal(0, run.ExitCode);
            Assert.Contains($"Example: switchyard {verb}", run.Output, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string Tiny = """
        { "name": "tiny", "model": { "hiddenSize": 16, "layers": 1, "heads": 2, "experts": 4, "topK": 2, "innerSize": 8, "sequenceLength": 16 },
          "training": { "steps": 4, "batchSequences": 4, "logEvery": 2, "evaluateTokens": 128 }, "heldOutShare": 0.2 }
        """;

    /// <summary>JSON Lines of many short documents, so that some are held out.</summary>
    private string Text() =>
        File("text.jsonl", string.Concat(Enumerable.Range(0, 300).Select(i => $$"""{"text":"line {{i}} of a text that is long enough to train on, more or less","domain":"{{(i % 2 == 0 ? "even" : "odd")}}"}""" + "\n")));

    private CommandRun Compare(params string[] args) => CommandRun.Of(["compare", "--output", File("out"), .. args]);

    private string File(string name, string? content = null)
    {
        string path = Path.Combine(_folder, name);
        if (content is not null)
        {
            System.IO.File.WriteAllText(path, content);
        }

        return path;
    }
}
