using System.CommandLine;

namespace Switchyard.Cli.CommandLine;

/// <summary>The command line of this process, quoted so that a shell reads it back.</summary>
internal static class CommandText
{
    public static string Of(string verb, ParseResult parse) =>
        string.Join(' ', new[] { "switchyard", verb }.Concat(parse.Tokens.Skip(1).Select(t => Quote(t.Value))));

    private static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ',' or '+' or ':' or '=')
            ? text
            : $"'{text.Replace("'", @"'\''")}'";
}
