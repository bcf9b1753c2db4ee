namespace Switchyard.Models.Chat;

/// <summary>A chat template is not valid, uses a construct that is not known, does not accept the conversation, or exceeds its bounds; the message names file, line and construct.</summary>
public sealed class ChatTemplateException : Exception
{
    /// <summary>With a message.</summary>
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and its cause.</summary>
    public ChatTemplateException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Without a message.</summary>
    public ChatTemplateException()
        : base("the chat template cannot be used")
    {
    }
}
