using System.CommandLine;
using System.Globalization;
using Switchyard.Cli.CommandLine;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Cli.Verbs;

/// <summary>Text to ids and back.</summary>
internal static class TokenizeVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        Argument<string> model = new("MODEL") { Description = "the folder of a model, or a tokenizer.json", Validators = { CommonOptions.RefuseDash } };
        Option<string?> text = new("--text") { Description = "the text to turn into ids; standard input unless said otherwise", HelpName = "TEXT" };
        Option<string?> ids = new("--ids") { Description = "ids to turn into text, separated by commas or spaces", HelpName = "IDS" };
        Option<bool> noSpecial = new("--no-special") { Description = "neither add special tokens to a text nor show those among ids" };
        Command command = Verb.Make(
            "tokenize",
            "Turn text into token ids with a model's tokenizer, and ids into text.",
            "switchyard tokenize models/mine --text \"Hello there\" --json -",
            common,
            (parse, _) => Run(parse, common, parse.GetValue(model)!, parse.GetValue(text), parse.GetValue(ids), !parse.GetValue(noSpecial)));
        command.Arguments.Add(model);
        command.Options.Add(text);
        command.Options.Add(ids);
        command.Options.Add(noSpecial);
        command.Validators.Add(result =>
        {
            if (result.GetResult(text) is not null && result.GetResult(ids) is not null)
            {
                result.AddError("--text and --ids exclude each other");
            }
        });
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string model, string? text, string? list, bool special)
    {
        using TextTokenizer tokenizer = TextTokenizer.Load(model);
        int[] ids;
        try
        {
            ids = list is null ? tokenizer.Encode(text ?? StandardInput.ReadToEnd(), special) : Ids(list);
            text = tokenizer.Decode(ids, skipSpecial: !special);
        }
        catch (ArgumentException e)
        {
            throw new ConfigurationException($"{(list is null ? "--text" : "--ids")}: {e.Message.Split(" (Parameter")[0]}", e);
        }

        Output.WriteJson(parse, common, new { schema = "switchyard.tokenize/1", ids, tokens = ids.Select(tokenizer.TokenOf), text });
        if (common.Prints(parse))
        {
            Console.Out.WriteLine(list is null ? string.Join(' ', ids) : text);
        }

        return ExitCode.Done;
    }

    private static int[] Ids(string list) =>
    [
        .. list.Split([',', ' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw new ConfigurationException($"--ids: '{id}' is no id")),
    ];
}
