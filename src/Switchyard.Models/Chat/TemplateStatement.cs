namespace Switchyard.Models.Chat;

/// <summary>A parsed text, output or block: writes, and says where the template goes on.</summary>
/// <param name="run">The rendering.</param>
internal delegate TemplateFlow TemplateStatement(TemplateRun run);
