using Switchyard.Models.Files;

namespace Switchyard.Training.Tokens;

/// <summary>Finds the tokenizer of a model's folder.</summary>
public static class ModelTokenizer
{
    /// <summary><c>tokenizer.json</c> where the folder has one; else UTF-8 bytes, for a vocabulary of 256.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="vocabularySize">Ids that the model knows.</param>
    /// <exception cref="CheckpointFormatException">There is no tokenizer and the vocabulary is not one of bytes, or the file is damaged.</exception>
    public static ITextTokenizer Open(string folder, int vocabularySize)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        return vocabularySize == ByteTokenizer.VocabularySize && !File.Exists(path)
            ? new ByteTokenizer()
            : throw new CheckpointFormatException(path, null, File.Exists(path) ? "tokenizer files cannot be read yet." : $"it is missing, and a vocabulary of {vocabularySize} is not one of bytes ({ByteTokenizer.VocabularySize}); put the model's tokenizer.json beside its config.json.");
    }
}
