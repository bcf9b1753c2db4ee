namespace Switchyard.Models.Files;

/// <summary>A checkpoint file that does not follow its format. The message names the file, the tensor where there is one, and the reason.</summary>
public sealed class CheckpointFormatException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="tensor">Name of the tensor, or null where the whole file is meant.</param>
    /// <param name="reason">What was found and what was expected.</param>
    /// <param name="innerException">The error that led to it.</param>
    public CheckpointFormatException(string file, string? tensor, string reason, Exception? innerException = null)
        : base(tensor is null ? $"'{file}': {reason}" : $"'{file}', tensor '{tensor}': {reason}", innerException)
    {
        File = file;
        Tensor = tensor;
        Reason = reason;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Name of the tensor, or null where the whole file is meant.</summary>
    public string? Tensor { get; }

    /// <summary>What was found and what was expected.</summary>
    public string Reason { get; }
}
