namespace Switchyard.Training.Results;

/// <summary>The text of a run.</summary>
/// <param name="Name">What it is, for a reader.</param>
/// <param name="Path">Where it was read.</param>
/// <param name="Documents">Documents, duplicates excluded.</param>
/// <param name="TrainTokens">Tokens to train on.</param>
/// <param name="HeldOutTokens">Tokens held out.</param>
/// <param name="Domains">Names of the domains that specialisation is measured over.</param>
public sealed record CorpusInfo(string Name, string Path, long Documents, long TrainTokens, long HeldOutTokens, IReadOnlyList<string> Domains)
{
    /// <summary>How many tokens there are; 256 where they are UTF-8 bytes.</summary>
    public int VocabularySize { get; init; } = 256;

    /// <summary>UTF-8 bytes to train on, one for each end of a document; null where a result does not tell.</summary>
    public long? TrainBytes { get; init; }

    /// <summary>UTF-8 bytes held out, likewise.</summary>
    public long? HeldOutBytes { get; init; }
}
