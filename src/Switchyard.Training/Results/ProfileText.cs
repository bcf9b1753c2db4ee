namespace Switchyard.Training.Results;

/// <summary>The text of a profile, and how it was read.</summary>
/// <param name="Name">What it is, for a reader.</param>
/// <param name="Path">Where it was read.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Tokens">Tokens; load counts each once, in the first window that holds it.</param>
/// <param name="Context">Tokens of a window.</param>
/// <param name="Stride">Tokens from one window to the next.</param>
/// <param name="Domains">Names of the domains, as <c>domainLoad</c> counts them.</param>
public sealed record ProfileText(string Name, string Path, long Documents, long Tokens, int Context, int Stride, IReadOnlyList<string> Domains);
