namespace Switchyard.Training.Results;

/// <summary>The text of a run.</summary>
/// <param name="Name">What it is, for a reader.</param>
/// <param name="Path">Where it was read.</param>
/// <param name="Documents">Documents, duplicates excluded.</param>
/// <param name="TrainTokens">Tokens (UTF-8 bytes) to train on.</param>
/// <param name="HeldOutTokens">Tokens held out.</param>
/// <param name="Domains">Names of the domains that specialisation is measured over.</param>
public sealed record CorpusInfo(string Name, string Path, long Documents, long TrainTokens, long HeldOutTokens, IReadOnlyList<string> Domains);
