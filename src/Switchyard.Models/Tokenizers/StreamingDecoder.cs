namespace Switchyard.Models.Tokenizers;

/// <summary>Decodes ids as they come. Text is given out when it is whole: bytes of a code point that is not complete wait for the next id.</summary>
public sealed class StreamingDecoder
{
    private const char Replacement = '\uFFFD';
    private readonly TextTokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly List<int> _ids = [];

    /// <summary>Ids before it were given out; they stay for what decoding the next ones depends on.</summary>
    private int _given;
    private string _givenText = string.Empty;

    internal StreamingDecoder(TextTokenizer tokenizer, bool skipSpecial)
    {
        _tokenizer = tokenizer;
        _skipSpecial = skipSpecial;
    }

    /// <summary>Adds an id and returns the text that became certain; empty where none did.</summary>
    /// <exception cref="ArgumentException">The id has no token.</exception>
    public string Add(int id)
    {
        _ids.Add(id);
        string text = Decode();
        if (text.Length <= _givenText.Length || text[^1] == Replacement)
        {
            return string.Empty;
        }

        string fresh = text[_givenText.Length..];
        _ids.RemoveRange(0, _given);
        _given = _ids.Count;
        _givenText = Decode();
        return fresh;
    }

    /// <summary>The text that is left at the end; U+FFFD stands for an incomplete code point. The decoder starts anew.</summary>
    public string Finish()
    {
        string text = Decode();
        string rest = text.Length > _givenText.Length ? text[_givenText.Length..] : string.Empty;
        _ids.Clear();
        _given = 0;
        _givenText = string.Empty;
        return rest;
    }

    private string Decode() => _tokenizer.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids), _skipSpecial);
}
