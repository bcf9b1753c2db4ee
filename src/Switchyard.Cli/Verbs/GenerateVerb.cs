using System.CommandLine;
using System.Text;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Generation;

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
        GenerationConfiguration defaults = GenerationConfiguration.Read(folder);
        GenerationOptions options = arguments.Read(parse, common, defaults);
        options.Validate();
        string prompt = parse.GetValue(arguments.Prompt) ?? await Console.In.ReadToEndAsync(cancellation);
        Verb.UseThreads(parse, common);
        using TextGenerator generator = TextGenerator.Load(folder, ModelOptions.Read(parse, arguments.Dtype));
        bool prints = common.Prints(parse);
        TokenWriter? writer = prints ? new TokenWriter(options.RecordRouting) : null;
        StringBuilder text = new();
        List<GeneratedToken> tokens = [];
        try
        {
            writer?.Prompt(prompt);
            await foreach (GeneratedToken token in generator.ContinueAsync(prompt, options, cancellation))
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

        Output.WriteJson(
            parse,
            common,
            new
            {
                schema = "switchyard.generate/1",
                prompt,
                text = text.ToString(),
                ids = tokens.Select(t => t.Id),
                finish = tokens[^1].Finish,
                experts = options.RecordRouting ? tokens.Select(t => t.Experts) : null,
            });
        return ExitCode.Done;
    }
}
