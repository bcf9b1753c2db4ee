using System.CommandLine;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Cli.CommandLine;

/// <summary>Another tokenizer than that in the model's folder.</summary>
internal sealed class TokenizerOption
{
    /// <summary>The option's name.</summary>
    public const string Name = "--tokenizer";

    private const string Bytes = "bytes";

    private readonly Option<string?> _option = new(Name)
    {
        Description = $"the tokenizer of the text: another model's folder, a tokenizer.json, or `{Bytes}`, for which token ids are UTF-8 bytes; that of the model unless said otherwise",
        HelpName = "PATH",
    };

    public void AddTo(Command command) => command.Options.Add(_option);

    /// <summary>Whether another one is asked for.</summary>
    public bool IsGiven(ParseResult parse) => parse.GetValue(_option) is not null;

    /// <summary>The tokenizer for a model.</summary>
    public TextTokenizer Open(ParseResult parse, string model) => parse.GetValue(_option) switch
    {
        null => TextTokenizer.Load(model),
        Bytes => new ByteTokenizer(),
        { } path => TextTokenizer.Load(path),
    };
}
