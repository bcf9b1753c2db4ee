namespace Switchyard.Models.Chat;

/// <summary>What <c>value is name(arguments)</c> calls.</summary>
/// <param name="run">The rendering.</param>
/// <param name="value">What stands before it.</param>
/// <param name="arguments">Its arguments.</param>
internal delegate bool TemplateTest(TemplateRun run, object? value, TemplateArguments arguments);
