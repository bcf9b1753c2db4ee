using System.Text.Json;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Cli.Tests.Verbs;

public sealed class ChatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    [Fact]
    public void System_and_user_go_through_the_template_and_the_answer_alone_is_shown()
    {
        string model = Model("{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]");
        string file = Path.Combine(_folder, "chat.json");

        CommandRun run = CommandRun.Of("generate", model, "--chat", "--system", "Be brief.", "--prompt", "Hello", "--max-tokens", "4", "--threads", "1", "--json", file);

        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        JsonElement json = JsonElement.Parse(File.ReadAllText(file));
        Assert.Equal("[system] Be brief.\n[user] Hello\n[assistant]", json.GetProperty("conversation").GetString());
        Assert.Equal("Hello", json.GetProperty("prompt").GetString());
        Assert.Equal(json.GetProperty("text").GetString() + Environment.NewLine, run.Output);
    }

    [Fact]
    public void A_template_that_is_missing_not_known_or_refuses_exits_with_3()
    {
        string[] chat = ["--chat", "--prompt", "Hello", "--threads", "1"];
        CommandRun.Of(["generate", Model(null), .. chat]).AssertFails(3, "no chat template");
        CommandRun.Of(["generate", Model("a\n{% include 'x' %}"), .. chat]).AssertFails(3, "chat_template.jinja", "line 2", "include");
        CommandRun.Of(["generate", Model("{{ raise_exception('no users here') }}"), .. chat]).AssertFails(3, "chat_template.jinja", "no users here");
        string configured = Model(null);
        File.WriteAllText(Path.Combine(configured, "tokenizer_config.json"), """{ "chat_template": "{{ 'x' * 10 ** 9 }}" }""");
        CommandRun.Of(["generate", configured, .. chat]).AssertFails(3, "tokenizer_config.json", "line 1", "without bounds");
        File.WriteAllText(Path.Combine(configured, "tokenizer_config.json"), """{ "chat_template": "\ud800" }""");
        CommandRun.Of(["generate", configured, .. chat]).AssertFails(3, "tokenizer_config.json", "not text");
        CommandRun.Of("generate", "m", "--system", "x").AssertFails(2, "--system needs --chat");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Model(string? template)
    {
        string path = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        BytePairTrainer trainer = new();
        trainer.Add("the router sends the token to the expert");
        trainer.Train(270, TestContext.Current.CancellationToken).Save(path);
        using MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 270, HiddenSize = 32, Layers = 1, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = 4, TopK = 2, InnerSize = 16, SequenceLength = 64 });
        model.Save(path);
        if (template is not null)
        {
            File.WriteAllText(Path.Combine(path, "chat_template.jinja"), template);
        }

        return path;
    }
}
