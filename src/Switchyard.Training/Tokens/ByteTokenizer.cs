using System.Text;

namespace Switchyard.Training.Tokens;

/// <summary>UTF-8 bytes as ids 0 … 255: the vocabulary of the models that <c>train</c> makes.</summary>
public sealed class ByteTokenizer : ITextTokenizer
{
    /// <summary>Ids there are.</summary>
    public const int VocabularySize = 256;

    /// <inheritdoc/>
    public string Name => "UTF-8 bytes";

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int[] ids = new int[bytes.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = bytes[i];
        }

        return ids;
    }
}
