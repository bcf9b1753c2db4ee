namespace Switchyard.Models.Chat;

/// <summary>A template as it was read.</summary>
/// <param name="Name">What errors call it: the file that it stands in.</param>
/// <param name="Text">Its text.</param>
internal sealed record TemplateSource(string Name, string Text)
{
    public ChatTemplateException Error(int line, string message, Exception? cause = null) => new($"{Name}, line {line}: {message}", cause);
}
