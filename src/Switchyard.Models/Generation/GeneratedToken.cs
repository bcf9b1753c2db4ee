namespace Switchyard.Models.Generation;

/// <summary>One token of a continuation.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text that became certain with it; empty while a code point or a possible stop string is incomplete.</param>
/// <param name="Finish">Why the text ends with it; null if it goes on.</param>
public sealed record GeneratedToken(int Id, string Text, FinishReason? Finish)
{
    /// <summary>The expert of the largest weight in each MoE layer, at the position that the token was predicted from; empty unless <see cref="GenerationOptions.RecordRouting"/>.</summary>
    public IReadOnlyList<int> Experts { get; init; } = [];
}
