using Switchyard.Training.Corpora;

namespace Switchyard.Training.Profiles;

/// <summary>Shares a limit of tokens out among the domains of text files, which are known beforehand and come one after another: each gets an even part of what those before it left. Documents of other corpora are read until the limit.</summary>
internal sealed class DomainShares
{
    private const int Fewest = 2; // one to see and one to predict

    private readonly long _most;
    private int _waiting;
    private string? _domain;
    private long _end;

    /// <summary>Counts the domains.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="most">The limit.</param>
    public DomainShares(ICorpus corpus, long most)
    {
        _most = _end = most;
        _waiting = corpus is TextCorpus text ? text.Files.Select(text.DomainOf).Distinct(StringComparer.Ordinal).Count() : 0;
    }

    /// <summary>How many tokens there may be, of all domains together, when this domain ends.</summary>
    /// <param name="domain">The domain of the next document.</param>
    /// <param name="tokens">Tokens so far.</param>
    public long EndOf(string domain, long tokens)
    {
        if (_waiting > 0 && domain != _domain)
        {
            long left = _most - tokens;
            _domain = domain;
            _end = tokens + Math.Min(left, Math.Max(Fewest, (left / _waiting) + (left % _waiting > 0 ? 1 : 0)));
            _waiting--;
        }

        return _end;
    }
}
