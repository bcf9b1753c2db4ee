namespace Switchyard.Models.Chat;

/// <summary>A parsed expression: gives its value.</summary>
/// <param name="run">The rendering.</param>
internal delegate object? TemplateExpression(TemplateRun run);
