namespace Switchyard.Models.Generation;

/// <summary>Why a text ended.</summary>
public enum FinishReason
{
    /// <summary>The model gave a token that ends a text.</summary>
    EndToken,

    /// <summary>A stop string was met.</summary>
    StopString,

    /// <summary>The most tokens asked for were made, or the model's context is full.</summary>
    Length,
}
