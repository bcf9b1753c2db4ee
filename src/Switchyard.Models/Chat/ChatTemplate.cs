using Microsoft.Extensions.AI;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Chat;

/// <summary>Makes a text of a conversation, as a model's chat template says: the part of Jinja that such templates use. What it does not know is an error that names it.</summary>
/// <remarks>Blocks, filters, tests, methods and functions are listed in <c>docs/generation.md</c>. A rendering is bounded in steps and in what it makes; templates may come from anywhere.</remarks>
public sealed class ChatTemplate
{
    private const int LongestSource = 1 << 20;
    private readonly TemplateSource _source;
    private readonly TemplateStatement _template;

    private ChatTemplate(TemplateSource source)
    {
        _source = source;
        _template = new StatementParser(new TemplateCursor(source)).Parse();
    }

    /// <summary>Reads a template.</summary>
    /// <param name="source">The template, in Jinja.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="ChatTemplateException">It is not valid, or uses a construct that is not known.</exception>
    public static ChatTemplate Parse(string source, string name = "chat template") => source.Length <= LongestSource
        ? new ChatTemplate(new TemplateSource(name, source))
        : throw new ChatTemplateException($"{name}: it has {source.Length:N0} characters; {LongestSource:N0} is the most");

    /// <summary>The chat template of a tokenizer.</summary>
    /// <exception cref="ChatTemplateException">There is none, or it is not valid; the message names the file.</exception>
    public static ChatTemplate Of(TextTokenizer tokenizer) =>
        tokenizer.ChatTemplate is { } source
            ? Parse(source, tokenizer.ChatTemplateFile is { } file ? $"'{file}', chat template" : "chat template")
            : throw new ChatTemplateException("the tokenizer has no chat template: neither chat_template.jinja nor chat_template in tokenizer_config.json");

    /// <summary>The text of a conversation.</summary>
    /// <param name="messages">Who said what; text alone.</param>
    /// <param name="options">What else the template is told; null for the defaults.</param>
    /// <param name="cancellation">Stops the rendering.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, fails, or exceeds its bounds.</exception>
    /// <exception cref="NotSupportedException">A message holds something other than text.</exception>
    /// <exception cref="ArgumentException">A variable is of a type that templates do not know.</exception>
    public string Render(IEnumerable<ChatMessage> messages, ChatTemplateOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new ChatTemplateOptions();
        Dictionary<string, object?> variables = new(StringComparer.Ordinal) { ["tools"] = null, ["documents"] = null };
        foreach ((string name, object? value) in options.Variables)
        {
            variables[name] = TemplateValues.Of(name, value);
        }

        variables["messages"] = messages.Select(Message).ToList();
        variables["add_generation_prompt"] = options.AddGenerationPrompt;
        variables["bos_token"] = options.BeginToken;
        variables["eos_token"] = options.EndToken;
        TemplateGlobals.AddTo(variables);
        TemplateRun run = new(_source, variables, options.Clock, cancellation);
        _template(run);
        return run.Output.ToString();
    }

    private static object? Message(ChatMessage message) =>
        message.Contents.FirstOrDefault(c => c is not TextContent) is { } other
            ? throw new NotSupportedException($"a message of '{message.Role}' holds {other.GetType().Name}; models of this library read text alone")
            : new OrderedDictionary<string, object?>(StringComparer.Ordinal) { ["role"] = message.Role.Value, ["content"] = message.Text };
}
