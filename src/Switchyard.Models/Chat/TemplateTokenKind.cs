namespace Switchyard.Models.Chat;

/// <summary>What a token of a template is.</summary>
internal enum TemplateTokenKind
{
    Text,
    OutputBegin,
    OutputEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Integer,
    Float,
    String,
    Operator,
    End,
}
