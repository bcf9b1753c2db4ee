namespace Switchyard.Models.Chat;

/// <summary>Something that a template calls.</summary>
/// <param name="run">The rendering.</param>
/// <param name="arguments">Its arguments.</param>
internal delegate object? TemplateFunction(TemplateRun run, TemplateArguments arguments);
