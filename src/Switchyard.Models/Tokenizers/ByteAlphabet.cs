namespace Switchyard.Models.Tokenizers;

/// <summary>GPT-2's way of writing bytes as visible characters: printable ones stand for themselves, the others for U+0100 on.</summary>
internal static class ByteAlphabet
{
    /// <summary>The character of each byte, [256].</summary>
    public static char[] Characters { get; } = Make();

    /// <summary>The bytes by their characters, ascending.</summary>
    public static byte[] Order { get; } = [.. Enumerable.Range(0, 256).Select(b => (byte)b).OrderBy(b => Characters[b])];

    /// <summary>Bytes as characters.</summary>
    public static string Write(byte[] bytes) => string.Create(bytes.Length, bytes, (text, from) =>
    {
        for (int i = 0; i < from.Length; i++)
        {
            text[i] = Characters[from[i]];
        }
    });

    private static char[] Make()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int b = 0; b < 256; b++)
        {
            characters[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : next++;
        }

        return characters;
    }
}
