using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Switchyard.Cli.CommandLine;

/// <summary>Options of a number say in words what they expect, where the parser would name a type of .NET, and take no separators of thousands.</summary>
internal static class NumberOptions
{
    /// <summary>Sets how the numbers of a command and of those below it are read.</summary>
    public static void ReadIn(Command command)
    {
        foreach (Option option in command.Options)
        {
            switch (option)
            {
                case Option<int> number:
                    number.CustomParser = result => Read<int>(result) ?? default;
                    break;
                case Option<int?> number:
                    number.CustomParser = Read<int>;
                    break;
                case Option<long> number:
                    number.CustomParser = result => Read<long>(result) ?? default;
                    break;
                case Option<long?> number:
                    number.CustomParser = Read<long>;
                    break;
                case Option<double> number:
                    number.CustomParser = result => Read<double>(result) ?? default;
                    break;
                case Option<double?> number:
                    number.CustomParser = Read<double>;
                    break;
            }
        }

        foreach (Command child in command.Subcommands)
        {
            ReadIn(child);
        }
    }

    private static T? Read<T>(ArgumentResult result)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        string text = result.Tokens[0].Value;
        bool whole = typeof(T) != typeof(double);
        if (T.TryParse(text, whole ? NumberStyles.AllowLeadingSign : NumberStyles.Float, CultureInfo.InvariantCulture, out T number))
        {
            return number;
        }

        string expected = !whole ? "a number such as 3, 0.5 or 1e-4"
            : BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? $"a whole number between {T.MinValue} and {T.MaxValue}"
            : "a whole number";
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} is '{text}'; it must be {expected}");
        return null;
    }
}
