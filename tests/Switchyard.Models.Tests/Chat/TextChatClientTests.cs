using Microsoft.Extensions.AI;
using Switchyard.Models.Chat;
using Switchyard.Models.Generation;
using Switchyard.Models.Tests.Files;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Chat;

public sealed class TextChatClientTests : IDisposable
{
    private const string Template = "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
    private static readonly ChatMessage[] Hello = [new(ChatRole.User, "Hello")];
    private readonly MoeTransformer _model = new(new MoeTransformerOptions { InitialDeviation = 0.5 });
    private readonly ByteTokenizer _tokenizer = new();
    private readonly TextGenerator _generator;

    public TextChatClientTests() => _generator = new TextGenerator(_model, _tokenizer, []);

    [Fact]
    public async Task An_answer_is_what_the_generator_makes_of_the_rendered_conversation()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse(Template), name: "tiny");
        ChatOptions options = new() { MaxOutputTokens = 12, Instructions = "Be brief." };
        string expected = await Continued("system: Be brief.\nuser: Hello\nassistant: ", new GenerationOptions { MaxTokens = 12 });

        ChatResponse whole = await client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken);
        List<ChatResponseUpdate> parts = await client.GetStreamingResponseAsync(Hello, options, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(expected, whole.Text);
        Assert.Equal(expected, string.Concat(parts.Select(p => p.Text)));
        Assert.True(parts.Count > 2);
        Assert.Equal(ChatFinishReason.Length, whole.FinishReason);
        Assert.Equal(12, whole.Usage!.OutputTokenCount);
        Assert.Equal("system: Be brief.\nuser: Hello\nassistant: ".Length, whole.Usage.InputTokenCount);
        Assert.Equal("tiny", whole.ModelId);
        Assert.Equal("tiny", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(_generator, client.GetService<TextGenerator>());
    }

    [Fact]
    public async Task Options_are_mapped_and_what_cannot_be_met_is_refused()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse(Template), new GenerationOptions { MaxTokens = 7 });
        string prompt = "user: Hello\nassistant: ";

        Assert.Equal(
            await Continued(prompt, new GenerationOptions { MaxTokens = 9, Sampling = new SamplingOptions { Temperature = 1, TopK = 40, TopP = 0.5, Seed = 9 } }),
            await Answer(new ChatOptions { MaxOutputTokens = 9, Temperature = 1, TopK = 40, TopP = 0.5f, Seed = 9 }));
        string seven = await Continued(prompt, new GenerationOptions { MaxTokens = 7 });
        Assert.Equal(seven, await Answer(null));
        ChatResponse stopped = await client.GetResponseAsync(Hello, new ChatOptions { StopSequences = [seven[..1]] }, TestContext.Current.CancellationToken);
        Assert.Equal((string.Empty, ChatFinishReason.Stop), (stopped.Text, stopped.FinishReason));

        Assert.Throws<NotSupportedException>(() => Stream(new ChatOptions { Tools = [AIFunctionFactory.CreateDeclaration("f", "", default)] }));
        Assert.Throws<NotSupportedException>(() => Stream(new ChatOptions { PresencePenalty = 1 }));
        Assert.Throws<NotSupportedException>(() => Stream(new ChatOptions { ResponseFormat = ChatResponseFormat.Json }));
        Assert.Throws<ConfigurationException>(() => Stream(new ChatOptions { TopP = 2 }));

        IAsyncEnumerable<ChatResponseUpdate> Stream(ChatOptions options) => client.GetStreamingResponseAsync(Hello, options, TestContext.Current.CancellationToken);
        async Task<string> Answer(ChatOptions? options) => (await client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken)).Text;
    }

    [Fact]
    public async Task An_answer_can_be_stopped_and_another_one_asked_for()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse(Template));
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Hello, new ChatOptions { MaxOutputTokens = 100 }, stop.Token))
            {
                Assert.Equal(ChatRole.Assistant, update.Role);
                await stop.CancelAsync();
            }
        });

        ChatResponse next = await client.GetResponseAsync(Hello, new ChatOptions { MaxOutputTokens = 3 }, TestContext.Current.CancellationToken);
        Assert.Equal(3, next.Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Requests_at_the_same_time_are_answered_as_one_after_another()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse(Template));
        ChatOptions options = new() { MaxOutputTokens = 6 };
        string alone = (await client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken)).Text;

        ChatResponse[] both = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken)));

        Assert.All(both, b => Assert.Equal(alone, b.Text));
    }

    [Fact]
    public async Task An_answer_may_be_asked_for_while_another_one_is_read()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse(Template));
        ChatOptions options = new() { MaxOutputTokens = 6 };
        string alone = (await client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken)).Text;

        string outer = string.Empty;
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Hello, options, TestContext.Current.CancellationToken))
        {
            outer += update.Text;
            Assert.Equal(alone, (await client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken)).Text);
        }

        Assert.Equal(alone, outer);
    }

    [Fact]
    public async Task The_token_of_whoever_reads_the_answer_stops_it()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse(Template));
        using CancellationTokenSource stop = new();
        int updates = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Hello, new ChatOptions { MaxOutputTokens = 1000 }, TestContext.Current.CancellationToken).WithCancellation(stop.Token))
            {
                updates++;
                await stop.CancelAsync();
            }
        });
        Assert.Equal(1, updates);
    }

    [Fact]
    public async Task Additional_properties_are_variables_of_the_template()
    {
        using TextChatClient client = new(_generator, ChatTemplate.Parse("{{ 'thinking' if enable_thinking else 'brief' }}"));
        ChatOptions options = new() { MaxOutputTokens = 1, AdditionalProperties = new() { ["enable_thinking"] = true } };

        Assert.Equal("thinking".Length, (await client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken)).Usage!.InputTokenCount);
        Assert.Equal("brief".Length, (await client.GetResponseAsync(Hello, new ChatOptions { MaxOutputTokens = 1 }, TestContext.Current.CancellationToken)).Usage!.InputTokenCount);
        options.AdditionalProperties["enable_thinking"] = DateTime.UnixEpoch;
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_folder_brings_its_template_and_its_special_tokens()
    {
        using TemporaryFolder folder = new();
        BytePairTrainer trainer = new();
        trainer.Add("the router sends the token to the expert");
        trainer.Train(270, TestContext.Current.CancellationToken).Save(folder.Path);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "chat_template.jinja"), "{{ eos_token }}" + Template, TestContext.Current.CancellationToken);
        using (MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 270 }))
        {
            model.Save(folder.Path);
        }

        using TextChatClient client = TextChatClient.Load(folder.Path + Path.DirectorySeparatorChar);
        ChatResponse response = await client.GetResponseAsync(Hello, new ChatOptions { MaxOutputTokens = 2 }, TestContext.Current.CancellationToken);

        Assert.Equal(Path.GetFileName(folder.Path), response.ModelId);
        using TextTokenizer tokenizer = TextTokenizer.Load(folder.Path);
        Assert.Equal(tokenizer.Encode("<|endoftext|>user: Hello\nassistant: ").Length, response.Usage!.InputTokenCount);
    }

    [Fact]
    public void A_tokenizer_without_a_template_is_refused() =>
        Assert.Contains("no chat template", Assert.Throws<ChatTemplateException>(() => new TextChatClient(_generator)).Message, StringComparison.Ordinal);

    public void Dispose()
    {
        _generator.Dispose();
        _model.Dispose();
        _tokenizer.Dispose();
    }

    private async Task<string> Continued(string prompt, GenerationOptions options)
    {
        string text = string.Empty;
        await foreach (GeneratedToken token in _generator.ContinueAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            text += token.Text;
        }

        return text;
    }
}
