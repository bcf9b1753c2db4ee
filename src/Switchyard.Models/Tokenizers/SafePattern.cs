using System.Buffers;
using System.Globalization;

namespace Switchyard.Models.Tokenizers;

/// <summary>
/// Tells regular expressions that the native engine finishes in time proportional to the text from those that may not end.
/// It searches by backtracking, and ends the process where it has gone back ten million times.
/// </summary>
/// <remarks>
/// A pattern is alternatives, each a row of elements: a character, an escape, <c>\p{…}</c> or a class, without groups, anchors and nested classes, each with at most one of
/// <c>? * + {n} {n,} {n,m}</c>. After one without an upper bound only elements that may be absent follow, so that nothing can fail once it was reached;
/// what comes before is tried in a bounded number of ways. Beyond that the alternatives in <see cref="Known"/>, which vocabularies in use share and which end for reasons of their own.
/// </remarks>
internal static class SafePattern
{
    public const int LongestPattern = 8192;

    /// <summary>The most steps a pattern may take at a position before it gives up.</summary>
    public const int MostSteps = 1024;

    private const int LargestCount = 64;
    private const string Upper = @"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}";
    private const string Lower = @"\p{Ll}\p{Lm}\p{Lo}\p{M}";
    private const string Before = @"[^\r\n\p{L}\p{N}]?";
    private const string Contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

    /// <summary>What is outside the grammar, with what has to follow for it to be linear, longest first.</summary>
    private static readonly string[] Known =
    [
        $"{Before}[{Upper}]*[{Lower}]+{Contraction}?|{Before}[{Upper}]+[{Lower}]*{Contraction}?",
        $"{Before}[{Upper}]*[{Lower}]+|{Before}[{Upper}]+[{Lower}]*",
        @"\s*[\r\n]+|\s+(?!\S)|\s+",
        @"\s*[\r\n]+|\s+",
        @"\s+(?!\S)",
        Contraction,
    ];

    private static readonly SearchValues<char> Names = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");

    /// <summary>Whether a pattern is safe, and how many steps it takes at a position; every match has a character or more.</summary>
    public static bool Allows(string pattern, out int steps, out string reason)
    {
        steps = 0;
        if (pattern.Length is 0 or > LongestPattern)
        {
            reason = $"has {pattern.Length} characters; expected 1 to {LongestPattern}";
            return false;
        }

        // Line ends stand in files as they are or escaped.
        string text = pattern.Replace("\r", @"\r", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        reason = pattern.Contains("\\\r", StringComparison.Ordinal) || pattern.Contains("\\\n", StringComparison.Ordinal) ? "has a line end after a backslash" : string.Empty;
        for (int at = 0; at <= text.Length && reason.Length == 0; at++)
        {
            if (Known.FirstOrDefault(k => Stands(k, text, at)) is { } known)
            {
                at += known.Length;
                steps += known.Length;
            }
            else
            {
                steps += Alternative(text, ref at, out reason);
            }
        }

        reason = reason.Length == 0 && steps > MostSteps ? $"may take {steps} steps at every character; at most {MostSteps} are allowed" : reason;
        return reason.Length == 0;
    }

    private static bool Stands(string known, string text, int at) =>
        string.CompareOrdinal(text, at, known, 0, known.Length) == 0 && (at + known.Length == text.Length || text[at + known.Length] == '|');

    /// <summary>Reads to the next bar or to the end; the steps are the ways in which its bounded part can be tried, times its length.</summary>
    private static int Alternative(string text, ref int at, out string reason)
    {
        reason = string.Empty;
        (int least, int length, int ways) = (0, 0, 1);
        bool unbounded = false;
        while (at < text.Length && text[at] != '|')
        {
            int start = at;
            if (!Element(text, ref at) || !Count(text, ref at, out int from, out int to))
            {
                reason = $"holds '{text[start..Math.Min(text.Length, start + 16)]}', which is none of the elements that are known to end in time";
                return 0;
            }

            if (unbounded && from > 0)
            {
                reason = $"holds '{text[start..at]}' after an element of any length, so that a search may go back again and again";
                return 0;
            }

            least += from;
            unbounded |= to < 0;
            (length, ways) = (length + Math.Max(from, to), to < 0 ? ways : ways * (to - from + 1));
            if (length > MostSteps || ways > MostSteps)
            {
                reason = "is tried in too many ways";
                return 0;
            }
        }

        reason = least == 0 ? "has an alternative that may match nothing" : string.Empty;
        return length * ways;
    }

    /// <summary>A character, an escape or a class.</summary>
    private static bool Element(string text, ref int at)
    {
        switch (text[at])
        {
            case '\\':
                return Escape(text, ref at);
            case '[':
                return Class(text, ref at);
            case '(' or ')' or ']' or '{' or '}' or '*' or '+' or '?' or '^' or '$' or '.':
                return false;
            default:
                at += char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
                return true;
        }
    }

    private static bool Escape(string text, ref int at)
    {
        at++;
        if (at == text.Length)
        {
            return false;
        }

        char escaped = text[at++];
        if (escaped is not ('p' or 'P'))
        {
            return escaped is 's' or 'S' or 'd' or 'D' or 'w' or 'W' or 'r' or 'n' or 't' || (char.IsAscii(escaped) && (char.IsPunctuation(escaped) || char.IsSymbol(escaped)));
        }

        int end = text.IndexOf('}', at);
        if (at == text.Length || text[at] != '{' || end < at + 2 || end > at + 32 || text.AsSpan((at + 1)..end).ContainsAnyExcept(Names))
        {
            return false;
        }

        at = end + 1;
        return true;
    }

    private static bool Class(string text, ref int at)
    {
        at += at + 1 < text.Length && text[at + 1] == '^' ? 2 : 1;
        for (int first = at; at < text.Length;)
        {
            switch (text[at])
            {
                case ']':
                    return at++ > first;
                case '[':
                case '&' when at + 1 < text.Length && text[at + 1] == '&':
                    return false;
                case '\\':
                    if (!Escape(text, ref at))
                    {
                        return false;
                    }

                    break;
                default:
                    at++;
                    break;
            }
        }

        return false;
    }

    /// <summary>How often an element stands: <paramref name="to"/> is -1 without an upper bound.</summary>
    private static bool Count(string text, ref int at, out int from, out int to)
    {
        (from, to) = (1, 1);
        char sign = at < text.Length ? text[at] : '|';
        if (sign is '?' or '*' or '+')
        {
            (from, to) = (sign == '+' ? 1 : 0, sign == '?' ? 1 : -1);
            at++;
        }
        else if (sign == '{')
        {
            int end = text.IndexOf('}', at);
            string[] numbers = end < 0 ? [] : text[(at + 1)..end].Split(',');
            if (numbers.Length is 0 or > 2 || !Number(numbers[0], out from))
            {
                return false;
            }

            if (numbers.Length == 1)
            {
                to = from;
            }
            else if (numbers[1].Length == 0)
            {
                to = -1;
            }
            else if (!Number(numbers[1], out to) || to < from)
            {
                return false;
            }

            at = end + 1;
        }

        // A second sign would make the first lazy, possessive or nested.
        return at == text.Length || text[at] is not ('?' or '*' or '+' or '{');
    }

    private static bool Number(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= LargestCount;
}
