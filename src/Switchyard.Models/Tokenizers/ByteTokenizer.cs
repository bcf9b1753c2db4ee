using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Switchyard.Models.Tokenizers;

/// <summary>Tokens are UTF-8 bytes; byte 0 ends a document. The tokenizer of models that were trained without a vocabulary.</summary>
public sealed class ByteTokenizer : TextTokenizer
{
    private const int Bytes = 256;

    /// <inheritdoc/>
    public override int VocabularySize => Bytes;

    /// <inheritdoc/>
    public override int? BeginId => null;

    /// <inheritdoc/>
    public override int? EndId => 0;

    /// <inheritdoc/>
    public override int? PadId => null;

    /// <summary>Bytes of the text; nothing is ever added.</summary>
    /// <inheritdoc/>
    public override int[] Encode(string text, bool addSpecial = true)
    {
        RequireText(text);
        return Array.ConvertAll(Encoding.UTF8.GetBytes(text), b => (int)b);
    }

    /// <summary>Text of bytes; U+FFFD stands for what is not UTF-8.</summary>
    /// <inheritdoc/>
    public override string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        byte[] bytes = new byte[ids.Length];
        int count = 0;
        foreach (int id in ids)
        {
            if (id is < 0 or >= Bytes)
            {
                throw NoToken(id, nameof(ids));
            }

            if (!skipSpecial || !IsSpecial(id))
            {
                bytes[count++] = (byte)id;
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, count);
    }

    /// <summary>Id of a byte, written <c>&lt;0x41&gt;</c>.</summary>
    /// <inheritdoc/>
    public override int? IdOf(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[^1] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;

    /// <summary>The byte of an id, written <c>&lt;0x41&gt;</c>.</summary>
    /// <inheritdoc/>
    public override string? TokenOf(int id) => id is >= 0 and < Bytes ? $"<0x{id:X2}>" : null;

    /// <inheritdoc/>
    public override int? BytesOf(int id) => id is >= 0 and < Bytes ? 1 : null;

    /// <inheritdoc/>
    public override bool IsSpecial(int id) => id == 0;

    /// <summary>Whether a folder holds a model of ours that reads bytes.</summary>
    internal static bool Fits(string folder)
    {
        try
        {
            using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
            return config.RootElement.ValueKind == JsonValueKind.Object
                && config.RootElement.TryGetProperty("switchyard", out _)
                && config.RootElement.TryGetProperty("vocab_size", out JsonElement size)
                && size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out int vocabulary) && vocabulary == Bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return false;
        }
    }
}
