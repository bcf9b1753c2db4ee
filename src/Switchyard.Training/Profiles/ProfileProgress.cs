namespace Switchyard.Training.Profiles;

/// <summary>How far a pass over text has come.</summary>
/// <param name="Tokens">Tokens read.</param>
/// <param name="MostTokens">Tokens after which it ends at the latest.</param>
public readonly record struct ProfileProgress(long Tokens, long MostTokens);
