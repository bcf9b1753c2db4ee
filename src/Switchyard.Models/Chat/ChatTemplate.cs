using Microsoft.Extensions.AI;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Chat;

/// <summary>Makes a text of a conversation, as a model's chat template says: the part of Jinja that such templates use. What it does not know is an error that names it.</summary>
/// <remarks>Blocks, filters, tests, methods and functions are listed in <c>docs/generation.md</c>. A rendering is bounded in steps and in what it makes; templates may come from anywhere.</remarks>
public sealed class ChatTemplate
{
    private const int LongestSource = 1 << 20;
    private readonly Func<TemplateRun, TemplateFlow> _template;

    private ChatTemplate(Func<TemplateRun, TemplateFlow> template) => _template = template;

    /// <summary>Reads a template.</summary>
    /// <param name="source">The template, in Jinja.</param>
    /// <exception cref="ChatTemplateException">It is not valid, or uses a construct that is not known.</exception>
    public static ChatTemplate Parse(string source) => source.Length <= LongestSource
        ? new ChatTemplate(new StatementParser(new TemplateCursor(TemplateLexer.Read(source))).Parse())
        : throw new ChatTemplateException($"the chat template has {source.Length:N0} characters; {LongestSource:N0} is the most");

    /// <summary>The text of a conversation.</summary>
    /// <param name="messages">Who said what; text alone.</param>
    /// <param name="options">What else the template is told; null for the defaults.</param>
    /// <param name="cancellation">Stops the rendering.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, fails, or exceeds its bounds.</exception>
    /// <exception cref="NotSupportedException">A message holds something other than text.</exception>
    public string Render(IEnumerable<ChatMessage> messages, ChatTemplateOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new ChatTemplateOptions();
        Dictionary<string, object?> variables = new(options.Variables, StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(Message).ToList(),
            ["add_generation_prompt"] = options.AddGenerationPrompt,
            ["bos_token"] = options.BeginToken,
            ["eos_token"] = options.EndToken,
        };
        variables.TryAdd("tools", null);
        variables.TryAdd("documents", null);
        TemplateGlobals.AddTo(variables);
        TemplateRun run = new(variables, options.Clock, cancellation);
        _template(run);
        return run.Output.ToString();
    }

    /// <summary>The options with the tokens that begin and end a text of a tokenizer.</summary>
    public static ChatTemplateOptions OptionsFor(TextTokenizer tokenizer) => new()
    {
        BeginToken = tokenizer.BeginId is int begin ? tokenizer.TokenOf(begin) ?? string.Empty : string.Empty,
        EndToken = tokenizer.EndId is int end ? tokenizer.TokenOf(end) ?? string.Empty : string.Empty,
    };

    private static object? Message(ChatMessage message) =>
        message.Contents.FirstOrDefault(c => c is not TextContent) is { } other
            ? throw new NotSupportedException($"a message of '{message.Role}' holds {other.GetType().Name}; models of this library read text alone")
            : new OrderedDictionary<string, object?>(StringComparer.Ordinal) { ["role"] = message.Role.Value, ["content"] = message.Text };
}
