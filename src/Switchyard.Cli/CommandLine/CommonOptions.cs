using System.CommandLine;
using System.CommandLine.Parsing;

namespace Switchyard.Cli.CommandLine;

/// <summary>The options that every verb takes.</summary>
internal sealed class CommonOptions
{
    public Option<string?> Json { get; } = new("--json") { Description = "write the result as JSON to FILE; - for standard output, which then carries nothing else", HelpName = "FILE" };

    public Option<long?> Seed { get; } = new("--seed") { Description = "seed of weights, noise and the order of the data", HelpName = "N" };

    public Option<int?> Threads { get; } = new("--threads") { Description = "threads to use; as many as there are cores unless said otherwise", HelpName = "N", Validators = { AtLeast(1) } };

    public Option<string> Device { get; } = new("--device") { Description = "cpu, cuda, cuda:1, mps", HelpName = "DEVICE", DefaultValueFactory = _ => "cpu", Validators = { KnownDevice } };

    public Option<bool> Quiet { get; } = new("--quiet") { Description = "print nothing but errors and what --json - asks for" };

    public Option<string> Verbosity { get; } = OneOf("--verbosity", "how much to say; debug shows a stack trace with an error", "normal", "normal", "debug");

    public void AddTo(Command command)
    {
        command.Options.Add(Json);
        command.Options.Add(Seed);
        command.Options.Add(Threads);
        command.Options.Add(Device);
        command.Options.Add(Quiet);
        command.Options.Add(Verbosity);
    }

    public bool JsonToStandardOutput(ParseResult parse) => string.Equals(parse.GetValue(Json), "-", StringComparison.Ordinal);

    /// <summary>Whether results are printed for people.</summary>
    public bool Prints(ParseResult parse) => !parse.GetValue(Quiet) && !JsonToStandardOutput(parse);

    /// <summary>An option of a number that has a lower bound.</summary>
    public static Action<OptionResult> AtLeast(double minimum) => result =>
    {
        foreach (Token token in result.Tokens)
        {
            if (double.TryParse(token.Value, out double value) && !(value >= minimum))
            {
                result.AddError($"{result.Option.Name} is {token.Value}; it must be at least {minimum}");
            }
        }
    };

    /// <summary>An option of a number that has an upper bound.</summary>
    public static Action<OptionResult> AtMost(double maximum) => result =>
    {
        foreach (Token token in result.Tokens)
        {
            if (double.TryParse(token.Value, out double value) && value > maximum)
            {
                result.AddError($"{result.Option.Name} is {token.Value}; it must be at most {maximum}");
            }
        }
    };

    /// <summary>An option of a number that is above zero.</summary>
    public static Action<OptionResult> Positive => result =>
    {
        foreach (Token token in result.Tokens)
        {
            if (double.TryParse(token.Value, out double value) && !(value > 0))
            {
                result.AddError($"{result.Option.Name} is {token.Value}; it must be above 0");
            }
        }
    };

    /// <summary>An option that takes one of a few words.</summary>
    public static Option<string> OneOf(string name, string description, string otherwise, params string[] words)
    {
        Option<string> option = new(name) { Description = $"{description} ({string.Join(", ", words)})", HelpName = "NAME", DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
            {
                if (!words.Contains(token.Value, StringComparer.Ordinal))
                {
                    result.AddError($"{name} is '{token.Value}'; did you mean '{NearestName.Of(token.Value, words)}'? Known: {string.Join(", ", words)}");
                }
            }
        });
        return option;
    }

    /// <summary>An argument must not look like an option: a misspelt option would else be taken for one.</summary>
    public static void RefuseDash(ArgumentResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (token.Value.Length > 1 && token.Value[0] == '-')
            {
                result.AddError($"unknown option '{token.Value}'");
            }
        }
    }

    private static void KnownDevice(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            string[] parts = token.Value.Split(':');
            bool known = parts[0] is "cpu" or "cuda" or "mps" && (parts.Length == 1 || (parts.Length == 2 && int.TryParse(parts[1], out int index) && index >= 0));
            if (!known)
            {
                result.AddError($"--device is '{token.Value}'; it must be cpu, cuda, cuda:N or mps");
            }
        }
    }

    /// <summary>Refuses an option that says nothing without another.</summary>
    public static void RequireBeside(Command command, Option option, Option other) => command.Validators.Add(result =>
    {
        if (IsGiven(result, option) && !IsGiven(result, other))
        {
            result.AddError($"{option.Name} says nothing without {other.Name}");
        }
    });

    /// <summary>Refuses two options that say the same.</summary>
    public static void RefuseTogether(Command command, Option one, Option other) => command.Validators.Add(result =>
    {
        if (IsGiven(result, one) && IsGiven(result, other))
        {
            result.AddError($"{one.Name} and {other.Name} cannot stand together: each names a whole configuration");
        }
    });

    /// <summary>Refuses whatever would change a run beside the option that goes on with one.</summary>
    public static void RefuseBeside(Command command, Option resume, IReadOnlyList<Symbol> changing) => command.Validators.Add(result =>
    {
        if (result.GetResult(resume) is not null && changing.FirstOrDefault(symbol => IsGiven(result, symbol)) is { } given)
        {
            result.AddError($"{given.Name} cannot stand beside --resume: an interrupted run goes on as its config.json says");
        }
    });

    private static bool IsGiven(CommandResult result, Symbol symbol) => symbol switch
    {
        Option option => result.GetResult(option) is { Implicit: false },
        Argument argument => result.GetResult(argument) is { Tokens.Count: > 0 },
        _ => false,
    };
}
