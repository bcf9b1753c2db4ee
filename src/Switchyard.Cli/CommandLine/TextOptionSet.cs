using System.CommandLine;
using Switchyard.Training.Profiles;

namespace Switchyard.Cli.CommandLine;

/// <summary>How text is put before a model: the options of <c>eval</c> and <c>profile</c>.</summary>
internal sealed class TextOptionSet
{
    public Option<int?> Context { get; } = new("--context") { Description = $"tokens of a window; the model's longest sequence, at most {TextOptions.UsualContext}, unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };

    public Option<int?> Stride { get; } = new("--stride") { Description = "tokens from one window to the next; the context unless said otherwise. A token is judged once, with as much before it as the window has", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };

    public Option<long?> MaxTokens { get; } = new("--max-tokens") { Description = "use at most so many tokens, shared out evenly among the files and folders of a folder; all unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };

    public void AddTo(Command command)
    {
        command.Options.Add(Context);
        command.Options.Add(Stride);
        command.Options.Add(MaxTokens);
    }

    public TextOptions Read(ParseResult parse, int longest) =>
        TextOptions.For(longest, parse.GetValue(Context), parse.GetValue(Stride), parse.GetValue(MaxTokens) ?? long.MaxValue);
}
