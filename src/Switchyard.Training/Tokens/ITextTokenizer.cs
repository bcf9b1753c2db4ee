namespace Switchyard.Training.Tokens;

/// <summary>Turns text into the token ids of a model.</summary>
public interface ITextTokenizer
{
    /// <summary>What it is, for a reader.</summary>
    string Name { get; }

    /// <summary>The ids of a text, without special tokens added.</summary>
    /// <param name="text">Text without lone surrogates.</param>
    IReadOnlyList<int> Encode(string text);
}
