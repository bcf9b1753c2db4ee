namespace Switchyard.Models.Chat;

/// <summary>What <c>namespace(…)</c> makes: values that a loop can change.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);
}
