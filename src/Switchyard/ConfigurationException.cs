namespace Switchyard;

/// <summary>A request that cannot be met as it stands: an unknown name, a size out of range, or parts that do not fit together. The message says what was wrong and what would be right.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Makes the exception with a message for the person who wrote the configuration.</summary>
    public ConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with a message and the error that led to it.</summary>
    public ConfigurationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
