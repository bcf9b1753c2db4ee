namespace Switchyard.Models.Chat;

/// <summary>Where a template goes on after a statement.</summary>
internal enum TemplateFlow
{
    Next,
    Break,
    Continue,
}
