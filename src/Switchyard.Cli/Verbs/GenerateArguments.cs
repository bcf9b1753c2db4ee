using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Cli.CommandLine;
using Switchyard.Models.Generation;

namespace Switchyard.Cli.Verbs;

/// <summary>What <c>generate</c> is given.</summary>
internal sealed class GenerateArguments
{
    public Argument<string> Model { get; } = new("MODEL") { Description = "the folder of a model, or the run folder of a trained one", Validators = { CommonOptions.RefuseDash } };

    public Option<string?> Prompt { get; } = new("--prompt") { Description = "the text to continue; standard input unless said otherwise", HelpName = "TEXT" };

    public Option<bool> Chat { get; } = new("--chat") { Description = "the prompt is what a user says; the model's chat template makes a conversation of it, and the answer is shown" };

    public Option<string?> System { get; } = new("--system") { Description = "with --chat, what the system message says", HelpName = "TEXT" };

    private Option<int> MaxTokens { get; } = new("--max-tokens") { Description = "the most tokens to make", HelpName = "N", DefaultValueFactory = _ => 256, Validators = { CommonOptions.AtLeast(1) } };

    private Option<double?> Temperature { get; } = Number<double?>("--temperature", "divides the logits; 0 takes the likeliest token", CommonOptions.AtLeast(0), CommonOptions.AtMost(float.MaxValue));

    private Option<int?> TopK { get; } = Number<int?>("--top-k", "draw among the N likeliest tokens; 0 for all", CommonOptions.AtLeast(0));

    private Option<double?> TopP { get; } = Number<double?>("--top-p", "draw among the likeliest tokens that have this probability together", CommonOptions.Positive, CommonOptions.AtMost(1));

    private Option<double?> MinP { get; } = Number<double?>("--min-p", "draw among tokens with at least this share of the likeliest one's probability", CommonOptions.AtLeast(0), CommonOptions.AtMost(1));

    private Option<double?> RepetitionPenalty { get; } = Number<double?>("--repetition-penalty", "divides the logits of tokens that are there already", CommonOptions.Positive);

    private Option<string[]> Stop { get; } = new("--stop") { Description = "end before this text; may be given more than once", HelpName = "TEXT" };

    private Option<bool> ShowRouting { get; } = new("--show-routing") { Description = "colour each token by the expert that weighs most in the last MoE layer" };

    /// <summary>How the model is read.</summary>
    public ModelOptions Load { get; } = new();

    public TokenizerOption Tokenizer { get; } = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(Model);
        Option[] options = [Prompt, Chat, System, MaxTokens, Temperature, TopK, TopP, MinP, RepetitionPenalty, Stop, ShowRouting];
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        Load.AddTo(command);
        Tokenizer.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(System) is not null && !result.GetValue(Chat))
            {
                result.AddError("--system needs --chat");
            }
        });
    }

    /// <summary>The options; what is not given is as the model's <c>generation_config.json</c> has it.</summary>
    public GenerationOptions Read(ParseResult parse, CommonOptions common, SamplingOptions defaults) => new()
    {
        MaxTokens = parse.GetValue(MaxTokens),
        StopStrings = parse.GetValue(Stop) ?? [],
        RecordRouting = parse.GetValue(ShowRouting),
        Sampling = new SamplingOptions
        {
            Temperature = parse.GetValue(Temperature) ?? defaults.Temperature,
            TopK = parse.GetValue(TopK) ?? defaults.TopK,
            TopP = parse.GetValue(TopP) ?? defaults.TopP,
            MinP = parse.GetValue(MinP) ?? defaults.MinP,
            RepetitionPenalty = parse.GetValue(RepetitionPenalty) ?? defaults.RepetitionPenalty,
            Seed = parse.GetValue(common.Seed) ?? 1,
        },
    };

    private static Option<T> Number<T>(string name, string description, params IReadOnlyList<Action<OptionResult>> bounds)
    {
        Option<T> option = new(name) { Description = $"{description}; as the model's generation_config.json has it unless said otherwise", HelpName = "N" };
        option.Validators.AddRange(bounds);
        return option;
    }
}
