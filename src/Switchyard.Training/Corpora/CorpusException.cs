namespace Switchyard.Training.Corpora;

/// <summary>Text that cannot be read or used as it is. The message names the file and the place in it.</summary>
public sealed class CorpusException : Exception
{
    /// <summary>Makes the exception with a message for the person who chose the text.</summary>
    public CorpusException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with a message and the error that led to it.</summary>
    public CorpusException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
