namespace Switchyard.Training.Corpora;

/// <summary>What the folder of a <see cref="PackedCorpus"/> says of itself.</summary>
internal sealed record PackedManifest
{
    public const string CurrentSchema = "switchyard.packed-corpus/1";

    public required string Schema { get; init; }

    public required string Name { get; init; }

    public required string Path { get; init; }

    public required double HeldOutShare { get; init; }

    public required long TrainDocuments { get; init; }

    public required long HeldOutDocuments { get; init; }

    public required long Duplicates { get; init; }

    public required long TrainTokens { get; init; }

    public required long HeldOutTokens { get; init; }

    public required IReadOnlyList<string> Domains { get; init; }

    /// <summary>Where each domain ends in the held-out text.</summary>
    public required IReadOnlyList<long> HeldOutEnds { get; init; }

    /// <summary>Bytes of a token in the files.</summary>
    public int TokenBytes { get; init; } = 1;

    /// <summary>UTF-8 bytes of the training text, a byte for each end of a document; null where tokens are bytes.</summary>
    public long? TrainBytes { get; init; }

    /// <summary>UTF-8 bytes of the held-out text, likewise.</summary>
    public long? HeldOutBytes { get; init; }
}
