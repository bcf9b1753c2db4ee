using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Generation;

namespace Switchyard.Models.Chat;

/// <summary>A model as a partner of conversations: the chat template makes a text of the messages, a <see cref="TextGenerator"/> continues it. Requests at the same time take turns, token by token.</summary>
public sealed class TextChatClient : IChatClient
{
    private readonly TextGenerator _generator;
    private readonly ChatTemplate _template;
    private readonly ChatTemplateOptions _templateOptions;
    private readonly GenerationOptions _defaults;
    private readonly string? _name;
    private readonly bool _owned;
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Makes a client of a generator, which stays the caller's.</summary>
    /// <param name="generator">Continues texts.</param>
    /// <param name="template">Makes a text of a conversation; null for the one of the tokenizer.</param>
    /// <param name="defaults">What holds where a request says nothing; null for the defaults.</param>
    /// <param name="name">What the model is called in answers; null for none.</param>
    /// <exception cref="ChatTemplateException">There is no template, or it is not valid.</exception>
    public TextChatClient(TextGenerator generator, ChatTemplate? template = null, GenerationOptions? defaults = null, string? name = null)
    {
        _generator = generator;
        _template = template ?? ChatTemplate.Of(generator.Tokenizer);
        _templateOptions = ChatTemplateOptions.Of(generator.Tokenizer);
        _defaults = defaults ?? new GenerationOptions();
        _name = name;
    }

    private TextChatClient(TextGenerator generator, GenerationOptions defaults, string name)
        : this(generator, null, defaults, name) => _owned = true;

    /// <summary>Opens a model with its tokenizer, chat template and <c>generation_config.json</c> from a folder; disposing the client disposes them.</summary>
    /// <param name="folder">The folder of a model, or of a repository in a hub cache.</param>
    /// <param name="options">How the model is read.</param>
    /// <exception cref="CheckpointFormatException">A file is missing or damaged, or the model is an encoder.</exception>
    /// <exception cref="ChatTemplateException">There is no template, or it is not valid.</exception>
    public static TextChatClient Load(string folder, ModelLoadOptions? options = null)
    {
        GenerationOptions defaults = new() { Sampling = SamplingOptions.Of(GenerationConfiguration.Read(folder)) };
        TextGenerator generator = TextGenerator.Load(folder, options);
        try
        {
            return new TextChatClient(generator, defaults, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
        }
        catch
        {
            generator.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <summary>The answer as it is made. Mapped are Instructions, MaxOutputTokens, Temperature, TopK, TopP, Seed and StopSequences; AdditionalProperties are variables of the template.</summary>
    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Tools, penalties of frequency or presence, or JSON as the answer's format are asked for, or a message holds something other than text.</exception>
    /// <exception cref="ConfigurationException">An option is out of its range.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    /// <exception cref="ArgumentException">The conversation is longer than the model allows, or a variable is of a type that templates do not know.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        GenerationOptions generation = ChatRequest.Options(options, _defaults);
        generation.Validate();
        ChatTemplateOptions told = options?.AdditionalProperties is { } variables ? _templateOptions with { Variables = variables } : _templateOptions;
        string text = _template.Render(ChatRequest.Messages(messages, options), told, cancellationToken);
        int[] prompt = _generator.Tokenizer.Encode(text, addSpecial: false);
        return Answer(prompt, _generator.ContinueAsync(prompt, generation, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("switchyard", providerUri: null, _name)
        : serviceType == typeof(TextGenerator) ? _generator
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _turn.Dispose();
        if (_owned)
        {
            _generator.Dispose();
        }
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Answer(int[] prompt, IAsyncEnumerable<GeneratedToken> answer, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string id = Guid.NewGuid().ToString("N");
        await using IAsyncEnumerator<GeneratedToken> tokens = answer.GetAsyncEnumerator(cancellation);
        for (int made = 1; await NextAsync(tokens, cancellation); made++)
        {
            if (tokens.Current.Text.Length > 0)
            {
                yield return Update(new TextContent(tokens.Current.Text));
            }

            if (tokens.Current.Finish is { } finish)
            {
                ChatResponseUpdate last = Update(new UsageContent(new UsageDetails { InputTokenCount = prompt.Length, OutputTokenCount = made, TotalTokenCount = prompt.Length + made }));
                last.FinishReason = finish == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;
                yield return last;
            }
        }

        ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = _name,
            CreatedAt = DateTimeOffset.UtcNow,
        };
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<GeneratedToken> tokens, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await tokens.MoveNextAsync();
        }
        finally
        {
            _turn.Release();
        }
    }
}
