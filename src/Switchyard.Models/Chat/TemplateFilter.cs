namespace Switchyard.Models.Chat;

/// <summary>What <c>value | name(arguments)</c> calls.</summary>
/// <param name="run">The rendering.</param>
/// <param name="value">What stands before it.</param>
/// <param name="arguments">Its arguments.</param>
internal delegate object? TemplateFilter(TemplateRun run, object? value, TemplateArguments arguments);
