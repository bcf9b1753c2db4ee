using System.Runtime.InteropServices;

namespace Switchyard.Models.Chat;

/// <summary>A token of a template and the line that it begins in.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, int Line)
{
    public bool Is(TemplateTokenKind kind, string text) => Kind == kind && string.Equals(Text, text, StringComparison.Ordinal);
}
