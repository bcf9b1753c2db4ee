using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>Turns text into token ids and back. Its methods may be called from several threads at once.</summary>
public abstract class TextTokenizer : IDisposable
{
    /// <summary>How many ids there are: every id is below it.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Id of the token that begins a text; null where there is none.</summary>
    public abstract int? BeginId { get; }

    /// <summary>Id of the token that ends a text; null where there is none.</summary>
    public abstract int? EndId { get; }

    /// <summary>Id of the token that fills up short rows; null where there is none.</summary>
    public abstract int? PadId { get; }

    /// <summary>Id of the token that stands for one that is to be predicted; null where there is none.</summary>
    public virtual int? MaskId => null;

    /// <summary>The template that makes a text of a conversation, in Jinja; null where there is none.</summary>
    public virtual string? ChatTemplate => null;

    /// <summary>The file that <see cref="ChatTemplate"/> stands in; null where there is none.</summary>
    public virtual string? ChatTemplateFile => null;

    /// <summary>Opens the tokenizer of a model.</summary>
    /// <param name="path">The folder of a model, or a <c>tokenizer.json</c>. A folder without one is read as UTF-8 bytes where its <c>config.json</c> is that of a model of ours with a vocabulary of 256.</param>
    /// <exception cref="CheckpointFormatException">There is no tokenizer, or a file is damaged; the message names it.</exception>
    public static TextTokenizer Load(string path)
    {
        if (!Directory.Exists(path))
        {
            return new FileTokenizer(TokenizerFile.Read(path));
        }

        path = HubFolder.Resolve(path);
        string file = Path.Combine(path, TokenizerFile.Name);
        if (File.Exists(file))
        {
            return new FileTokenizer(TokenizerFile.Read(file));
        }

        return ByteTokenizer.Fits(path)
            ? new ByteTokenizer()
            : throw new CheckpointFormatException(file, null, "there is no such file. Tokenizers in other formats cannot be read; save the tokenizer as tokenizer.json.");
    }

    /// <summary>Ids of a text.</summary>
    /// <param name="text">The text. Names of added tokens in it, such as <c>&lt;|im_start|&gt;</c>, become those tokens.</param>
    /// <param name="addSpecial">Whether to add what the tokenizer adds around a text, such as a beginning token.</param>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair, or is one of more than four million characters of white space, or capital letters, in a row.</exception>
    public abstract int[] Encode(string text, bool addSpecial = true);

    /// <summary>Text of ids.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecial">Whether to leave out special tokens.</param>
    /// <exception cref="ArgumentException">An id has no token.</exception>
    public abstract string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true);

    /// <summary>Id of a token as the vocabulary writes it; null where it has none.</summary>
    public abstract int? IdOf(string token);

    /// <summary>The token of an id as the vocabulary writes it; null where it has none.</summary>
    public abstract string? TokenOf(int id);

    /// <summary>UTF-8 bytes of text that a token stands for, after what the tokenizer does to a text first; null where the token alone does not tell, as in vocabularies that are not of bytes.</summary>
    public abstract int? BytesOf(int id);

    /// <summary>Whether an id is that of a special token.</summary>
    public abstract bool IsSpecial(int id);

    /// <summary>A decoder that is given one id after another.</summary>
    /// <param name="skipSpecial">Whether to leave out special tokens.</param>
    public StreamingDecoder Stream(bool skipSpecial = true) => new(this, skipSpecial);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases native memory.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Refuses half of a surrogate pair.</summary>
    private protected static void RequireText(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                throw new ArgumentException($"the text holds half of a surrogate pair at position {i}, which is not a character", nameof(text));
            }

            i++;
        }
    }

    private protected static ArgumentException NoToken(int id, string parameter) => new($"no token has the id {id}", parameter);
}
