using System.CommandLine;
using System.Text;
using Microsoft.Extensions.AI;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Experts.Caching;
using Switchyard.Models.Chat;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Generation;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Cli.Verbs;

/// <summary>Continues a prompt.</summary>
internal static class GenerateVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        GenerateArguments arguments = new();
        Command command = Verb.Make(
            "generate",
            "Continue a prompt, token by token.",
            "switchyard generate models/mine --prompt \"Once upon a time\" --max-tokens 64 --temperature 0.8 --top-p 0.95",
            common,
            (parse, cancellation) => RunAsync(parse, common, arguments, cancellation).GetAwaiter().GetResult());
        arguments.AddTo(command);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CommonOptions common, GenerateArguments arguments, CancellationToken cancellation)
    {
        string folder = ModelPath.Resolve(parse.GetValue(arguments.Model)!);
        GenerationOptions options = arguments.Read(parse, common, SamplingOptions.Of(GenerationConfiguration.Read(folder)));
        options.Validate();
        string prompt = parse.GetValue(arguments.Prompt) ?? await ReadPromptAsync(cancellation);
        Verb.UseThreads(parse, common);
        using TextGenerator generator = TextGenerator.Load(folder, arguments.Load.Read(parse), arguments.Tokenizer.Open(parse, folder));
        bool prints = common.Prints(parse);
        StringBuilder text = new();
        List<GeneratedToken> tokens = [];
        string? conversation = parse.GetValue(arguments.Chat) ? Conversation(generator.Tokenizer, parse.GetValue(arguments.System), prompt, cancellation) : null;
        TokenWriter? writer = prints ? new TokenWriter(conversation is null ? prompt : string.Empty, options.RecordRouting) : null;
        try
        {
            int[] ids = generator.Tokenizer.Encode(conversation ?? prompt, addSpecial: conversation is null);
            await foreach (GeneratedToken token in generator.ContinueAsync(ids, options, cancellation))
            {
                text.Append(token.Text);
                tokens.Add(token);
                writer?.Write(token);
            }
        }
        catch (ArgumentException e)
        {
            throw new ConfigurationException($"--prompt: {e.Message.Split(" (Parameter")[0]}", e);
        }
        finally
        {
            writer?.End();
        }

        ExpertCacheStatistics? cached = generator.Model.ExpertCache?.Statistics;
        ExpertCacheNotice.Write(cached, parse, common);

        Output.WriteJson(
            parse,
            common,
            new
            {
                schema = "switchyard.generate/1",
                prompt,
                conversation,
                text = text.ToString(),
                ids = tokens.Select(t => t.Id),
                finish = tokens[^1].Finish,
                experts = options.RecordRouting ? tokens.Select(t => t.Experts) : null,
                expertCache = cached,
            });
        return ExitCode.Done;
    }

    /// <summary>Standard input to its end; a person at a terminal is told so, and can give up.</summary>
    private static async Task<string> ReadPromptAsync(CancellationToken cancellation)
    {
        if (!Console.IsInputRedirected)
        {
            await Console.Error.WriteLineAsync("switchyard: type the prompt and end it with Ctrl+D (Ctrl+Z and Enter on Windows), or give --prompt TEXT");
        }

        return await Task.Run(StandardInput.ReadToEnd, CancellationToken.None).WaitAsync(cancellation);
    }

    /// <summary>The text that the chat template makes of what system and user say.</summary>
    private static string Conversation(TextTokenizer tokenizer, string? system, string prompt, CancellationToken cancellation)
    {
        List<ChatMessage> messages = [];
        if (system is not null)
        {
            messages.Add(new ChatMessage(ChatRole.System, system));
        }

        messages.Add(new ChatMessage(ChatRole.User, prompt));
        return ChatTemplate.Of(tokenizer).Render(messages, ChatTemplateOptions.Of(tokenizer), cancellation);
    }
}
