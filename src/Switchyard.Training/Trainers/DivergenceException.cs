namespace Switchyard.Training.Trainers;

/// <summary>Training gave a non-finite loss or gradient three times in a row.</summary>
public sealed class DivergenceException : Exception
{
    /// <summary>Makes the exception.</summary>
    public DivergenceException(string message)
        : base(message)
    {
    }
}
