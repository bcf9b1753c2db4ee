using System.Runtime.InteropServices;
using Switchyard.Models.Files;
using Tokenizers.DotNet;

namespace Switchyard.Models.Tokenizers;

/// <summary>A tokenizer from a <c>tokenizer.json</c>, run by Hugging Face's own engine: one instance that adds special tokens and skips them, one that does neither, each made when first asked for.</summary>
internal sealed class FileTokenizer : TextTokenizer
{
    /// <summary>The engine ends the process where a search goes back ten million characters, as the patterns of Llama 3 and Qwen do over white space, that of gpt-oss over capital letters.</summary>
    private const int LongestRun = 1 << 22;

    private readonly TokenizerFile _file;
    private readonly SpecialTokens _special;
    private readonly Lazy<Tokenizer> _full;
    private readonly Lazy<Tokenizer> _plain;

    public FileTokenizer(TokenizerFile file)
    {
        _file = file;
        _special = SpecialTokens.Read(Path.GetDirectoryName(Path.GetFullPath(file.Path))!, file.IdOf);
        _full = new Lazy<Tokenizer>(() => Open(plain: false));
        _plain = new Lazy<Tokenizer>(() => Open(plain: true));
    }

    public override int VocabularySize => _file.VocabularySize;

    public override int? BeginId => _special.BeginId;

    public override int? EndId => _special.EndId;

    public override int? PadId => _special.PadId;

    public override int? MaskId => _special.MaskId;

    public override string? ChatTemplate => _special.ChatTemplate;

    public override string? ChatTemplateFile => _special.ChatTemplateFile;

    public override int[] Encode(string text, bool addSpecial = true)
    {
        RequireText(text);
        RequireRuns(text);
        try
        {
            return MemoryMarshal.Cast<uint, int>((addSpecial ? _full : _plain).Value.Encode(text)).ToArray();
        }
        catch (TokenizerException e)
        {
            throw new CheckpointFormatException(_file.Path, null, $"a text cannot be encoded with it: {e.Message}", e);
        }
    }

    public override string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        foreach (int id in ids)
        {
            if (TokenOf(id) is null)
            {
                throw NoToken(id, nameof(ids));
            }
        }

        if (ids.IsEmpty)
        {
            return string.Empty;
        }

        try
        {
            return (skipSpecial ? _full : _plain).Value.Decode(MemoryMarshal.Cast<int, uint>(ids).ToArray());
        }
        catch (TokenizerException e)
        {
            throw new CheckpointFormatException(_file.Path, null, $"ids cannot be decoded with it: {e.Message}", e);
        }
    }

    public override int? IdOf(string token) => _file.IdOf(token);

    public override string? TokenOf(int id) => _file.TokenOf(id);

    public override int? BytesOf(int id) => _file.BytesOf(id);

    public override bool IsSpecial(int id) => _file.IsSpecial(id);

    protected override void Dispose(bool disposing)
    {
        foreach (Lazy<Tokenizer> engine in new[] { _full, _plain })
        {
            if (engine.IsValueCreated)
            {
                engine.Value.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private static void RequireRuns(string text)
    {
        if (text.Length <= LongestRun)
        {
            return;
        }

        (int spaces, int letters) = (0, 0);
        for (int i = 0; i < text.Length; i++)
        {
            bool space = char.IsWhiteSpace(text[i]);
            spaces = space ? spaces + 1 : 0;
            letters = space || char.IsAsciiLetterLower(text[i]) || char.IsDigit(text[i]) || char.IsPunctuation(text[i]) || char.IsSymbol(text[i]) ? 0 : letters + 1;
            if (Math.Max(spaces, letters) > LongestRun)
            {
                throw new ArgumentException($"the text holds more than {LongestRun} characters of white space, or capital letters, in a row before position {i}; split it", nameof(text));
            }
        }
    }

    /// <summary>The engine reads a path, and reads it at once.</summary>
    private Tokenizer Open(bool plain)
    {
        string folder = Directory.CreateTempSubdirectory("switchyard-tokenizer-").FullName;
        try
        {
            string path = Path.Combine(folder, TokenizerFile.Name);
            _file.WriteFor(path, plain);
            return new Tokenizer(path);
        }
        catch (TokenizerException e)
        {
            throw new CheckpointFormatException(_file.Path, null, $"the tokenizer cannot be made: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
