namespace Switchyard.Models.Generation;

/// <summary>Holds back text that may become a stop string, and ends the text before one.</summary>
public sealed class StopStrings
{
    private readonly IReadOnlyList<string> _stops;
    private string _held = string.Empty;

    /// <summary>Watches for strings.</summary>
    /// <exception cref="ConfigurationException">One is empty.</exception>
    public StopStrings(IReadOnlyList<string> stops) =>
        _stops = stops.All(s => s.Length > 0) ? stops : throw new ConfigurationException("a stop string is empty");

    /// <summary>Whether a stop string has been met.</summary>
    public bool Met { get; private set; }

    /// <summary>Adds text and returns what is certain to stand before any stop string.</summary>
    public string Add(string text)
    {
        if (Met)
        {
            return string.Empty;
        }

        _held += text;
        int[] found = [.. _stops.Select(s => _held.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0)];
        if (found.Length > 0)
        {
            Met = true;
            string before = _held[..found.Min()];
            _held = string.Empty;
            return before;
        }

        int keep = _stops.Select(s => Overlap(_held, s)).DefaultIfEmpty(0).Max();
        string certain = _held[..^keep];
        _held = _held[^keep..];
        return certain;
    }

    /// <summary>What is left when no more text comes.</summary>
    public string Finish()
    {
        string rest = _held;
        _held = string.Empty;
        return rest;
    }

    /// <summary>Length of the longest end of <paramref name="text"/> that begins <paramref name="stop"/>.</summary>
    private static int Overlap(string text, string stop)
    {
        for (int length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
            {
                return length;
            }
        }

        return 0;
    }
}
