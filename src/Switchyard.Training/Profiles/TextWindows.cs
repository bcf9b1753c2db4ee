using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Tokens;

namespace Switchyard.Training.Profiles;

/// <summary>Text as windows of tokens: each document by itself, so that no window reaches from one into another. Counts documents and names domains as they come.</summary>
/// <param name="corpus">The text.</param>
/// <param name="tokenizer">Makes tokens of it.</param>
/// <param name="options">Context, stride and limit.</param>
/// <param name="vocabularySize">Ids that the model knows.</param>
/// <param name="masking">What an encoder's windows are framed by; null for a decoder.</param>
internal sealed class TextWindows(ICorpus corpus, TextTokenizer tokenizer, TextOptions options, int vocabularySize, TokenMasking? masking = null)
{
    /// <summary>Domains that are told apart; text of any further one counts to the last, <see cref="Others"/>.</summary>
    public const int MostDomains = 64;

    /// <summary>Name of the domains beyond those told apart.</summary>
    public const string Others = "(others)";

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _domains = [];
    private readonly List<long> _documents = [];
    private long _end;

    /// <summary>Names of the domains met so far.</summary>
    public IReadOnlyList<string> Domains => _domains;

    /// <summary>Documents of each domain so far.</summary>
    public IReadOnlyList<long> Documents => _documents;

    /// <summary>Tokens read so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Reads the text once.</summary>
    /// <exception cref="CorpusException">A file is missing, unreadable or not in its format.</exception>
    /// <exception cref="ConfigurationException">The tokenizer gives an id that the model does not know.</exception>
    public IEnumerable<TextWindow> Read(CancellationToken cancellation)
    {
        int document = 0, context = options.Context - (masking?.Frame ?? 0);
        if (context < 1)
        {
            throw new ConfigurationException($"a context of {options.Context} leaves no token between the {masking?.Frame} that the tokenizer puts around a text; take a longer one");
        }

        DomainShares shares = new(corpus, options.MaxTokens);
        foreach (TextDocument text in TextDocuments.Read(corpus, cancellation))
        {
            if (Tokens >= options.MaxTokens)
            {
                yield break;
            }

            _end = shares.EndOf(text.Domain, Tokens);
            if (Tokens >= _end)
            {
                continue;
            }

            int domain = NumberOf(text.Domain);
            _documents[domain]++;
            foreach (TextWindow window in TextWindow.Cut(document, domain, TokensOf(text), context, Math.Min(context, options.Stride)))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return masking is null ? window : window.Framed(masking.Prefix, masking.Suffix);
            }

            document++;
        }
    }

    private IEnumerable<int> TokensOf(TextDocument text)
    {
        foreach (int token in StreamedTokens.Of(t => tokenizer.Encode(t, addSpecial: false), text.Pieces).SelectMany(ids => ids))
        {
            if (Tokens >= _end)
            {
                yield break;
            }

            if ((uint)token >= (uint)vocabularySize)
            {
                throw new ConfigurationException($"'{text.Id}': the tokenizer gives token {token}; the model knows 0 to {vocabularySize - 1}: they do not belong together");
            }

            Tokens++;
            yield return token;
        }
    }

    private int NumberOf(string domain)
    {
        if (_numbers.TryGetValue(domain, out int number))
        {
            return number;
        }

        number = _domains.Count;
        if (number >= MostDomains - 1)
        {
            domain = Others;
            if (_numbers.TryGetValue(domain, out int last))
            {
                return last;
            }
        }

        _numbers.Add(domain, number);
        _domains.Add(domain);
        _documents.Add(0);
        return number;
    }
}
