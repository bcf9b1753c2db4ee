namespace Switchyard.Training.Results;

/// <summary>A result file that is not what its schema says. The message names the file, what was wrong and what was expected.</summary>
public sealed class ResultFormatException : Exception
{
    /// <summary>Makes the exception with a message for the person who named the file.</summary>
    public ResultFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with a message and the error that led to it.</summary>
    public ResultFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
