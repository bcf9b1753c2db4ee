namespace Switchyard.Models.Chat;

/// <summary>What a name or attribute that is not there gives: empty as text and as a list, false, and an error wherever a value is needed.</summary>
internal sealed record TemplateUndefined(string Name);
