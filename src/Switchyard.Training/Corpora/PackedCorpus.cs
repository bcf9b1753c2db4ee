using System.Text.Json;
using Switchyard.Training.Results;

namespace Switchyard.Training.Corpora;

/// <summary>
/// A corpus as tokens on disk: read and split once, then read at any position. Tokens are UTF-8 bytes (vocabulary 256), a zero byte ending each document; or those of a <see cref="CorpusVocabulary"/>.
/// </summary>
/// <remarks>
/// <para>A folder holds <c>train.bin</c> and <c>heldout.bin</c> (tokens, a byte each or four; held-out text grouped by domain), an <c>.idx</c> beside each (start and domain of each document) and <c>corpus.json</c>.
/// Its name is a hash of what it was made from (files with size and time of change, format, split, tokenizer), so that it is used again as long as that is the same.
/// It is written beside itself, put on the disk and renamed: a reader sees all of it or none.</para>
/// <para>Memory while packing: one document, the set of 64-bit hashes (some 20 to 60 bytes a distinct document) and 16 bytes a held-out document; while reading: 12 bytes for each run of documents of one domain.</para>
/// <para>Exact duplicates (white space aside) count once. Two different documents are taken for duplicates with a chance of n²/2⁶⁵.</para>
/// </remarks>
public sealed class PackedCorpus : IDisposable
{
    /// <summary>The token that ends a document where tokens are bytes.</summary>
    public const byte EndOfDocument = 0;

    internal const string TrainTokensFile = "train.bin";
    internal const string TrainIndexFile = "train.idx";
    internal const string HeldOutTokensFile = "heldout.bin";
    internal const string HeldOutIndexFile = "heldout.idx";
    internal const string ManifestFile = "corpus.json";
    private const int Bytes = 256;

    private readonly PackedManifest _manifest;
    private readonly TokenFile _train;
    private readonly TokenFile _heldOut;
    private readonly DomainRuns _runs;

    private PackedCorpus(string folder, PackedManifest manifest, CorpusVocabulary? vocabulary)
    {
        Folder = folder;
        Vocabulary = vocabulary;
        _manifest = manifest;
        _runs = DomainRuns.Read(Path.Combine(folder, TrainIndexFile), manifest);
        _train = new TokenFile(Path.Combine(folder, TrainTokensFile), manifest.TokenBytes);
        _heldOut = new TokenFile(Path.Combine(folder, HeldOutTokensFile), manifest.TokenBytes);
        if (_train.Length != manifest.TrainTokens * manifest.TokenBytes || _heldOut.Length != manifest.HeldOutTokens * manifest.TokenBytes)
        {
            Dispose();
            throw new InvalidDataException("a token file has another length than the manifest says");
        }
    }

    /// <summary>Where packed corpora are kept unless told otherwise: the folder that the environment variable <c>SWITCHYARD_CORPORA</c> names, else <c>switchyard/corpora</c> in the user's cache folder. One that has not been used for 30 days is removed when another is made.</summary>
    public static string DefaultFolder => PackedFolder.Default;

    /// <summary>Where its files are.</summary>
    public string Folder { get; }

    /// <summary>What its tokens are; null for UTF-8 bytes.</summary>
    public CorpusVocabulary? Vocabulary { get; }

    /// <summary>How many tokens there can be.</summary>
    public int VocabularySize => Vocabulary?.Size ?? Bytes;

    /// <summary>Names of the domains, in order of first appearance.</summary>
    public IReadOnlyList<string> Domains => _manifest.Domains;

    /// <summary>Tokens to train on, ends of documents included.</summary>
    public long TrainTokens => _manifest.TrainTokens;

    /// <summary>Tokens held out, ends of documents included.</summary>
    public long HeldOutTokens => _manifest.HeldOutTokens;

    /// <summary>Documents to train on.</summary>
    public long TrainDocuments => _manifest.TrainDocuments;

    /// <summary>Documents held out.</summary>
    public long HeldOutDocuments => _manifest.HeldOutDocuments;

    /// <summary>Documents left out because their text had been seen before.</summary>
    public long Duplicates => _manifest.Duplicates;

    /// <summary>The corpus as results report it.</summary>
    public CorpusInfo Info => new(_manifest.Name, _manifest.Path, TrainDocuments + HeldOutDocuments, TrainTokens, HeldOutTokens, Domains)
    {
        VocabularySize = VocabularySize,
        TrainBytes = _manifest.TrainBytes ?? TrainTokens,
        HeldOutBytes = _manifest.HeldOutBytes ?? HeldOutTokens,
    };

    /// <summary>Where each domain's held-out text ends, [domains].</summary>
    internal IReadOnlyList<long> HeldOutEnds => _manifest.HeldOutEnds;

    /// <summary>What the corpus says of itself.</summary>
    internal PackedManifest Manifest => _manifest;

    /// <summary>Opens the packed form of a corpus, making it first unless <paramref name="folder"/> holds it already.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="folder">The folder that keeps packed corpora; null is <see cref="DefaultFolder"/>.</param>
    /// <param name="split">How documents are held out; null is 5 %.</param>
    /// <param name="progress">Is told the tokens packed so far.</param>
    /// <param name="cancellationToken">Stops the packing; nothing is left behind.</param>
    /// <exception cref="CorpusException">The text is missing, empty or not readable.</exception>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    public static PackedCorpus Build(ICorpus corpus, string? folder = null, CorpusSplit? split = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        split ??= new CorpusSplit();
        return PackedFolder.Make(
            Path.GetFullPath(folder ?? DefaultFolder),
            PackedCorpusKey.Of(corpus, split),
            target => TryOpen(target, null),
            temporary => PackedCorpusWriter.Write(corpus, temporary, split, progress, cancellationToken));
    }

    /// <summary>The same documents, split in the same way, as tokens of a vocabulary: kept beside this one.</summary>
    /// <param name="vocabulary">Makes the tokens; stays the caller's.</param>
    /// <param name="cancellationToken">Stops the packing; nothing is left behind.</param>
    /// <exception cref="InvalidOperationException">This corpus is not of bytes.</exception>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    public PackedCorpus Tokenize(CorpusVocabulary vocabulary, CancellationToken cancellationToken = default) => Vocabulary is null
        ? PackedFolder.Make(
            Path.GetDirectoryName(Folder)!,
            PackedCorpusKey.Of(Path.GetFileName(Folder), vocabulary),
            target => TryOpen(target, vocabulary),
            temporary => TokenizedWriter.Write(this, vocabulary, temporary, cancellationToken))
        : throw new InvalidOperationException("the corpus is tokens already; only bytes can be tokenized");

    /// <summary>How often each token occurs in the training text, ends of documents included. Reads all of it once.</summary>
    /// <param name="vocabularySize">Length of the result; null for <see cref="VocabularySize"/>.</param>
    /// <exception cref="ConfigurationException">The text has a token outside the vocabulary.</exception>
    public long[] TrainFrequencies(int? vocabularySize = null)
    {
        long[] counts = new long[VocabularySize];
        long[] buffer = new long[1 << 17];
        for (long at = 0; at < TrainTokens; at += buffer.Length)
        {
            Span<long> tokens = buffer.AsSpan(0, (int)Math.Min(buffer.Length, TrainTokens - at));
            ReadTrain(at, tokens);
            foreach (long token in tokens)
            {
                counts[token < counts.Length ? token : throw new ConfigurationException($"token {token} of the training text lies outside the vocabulary of {counts.Length}")]++;
            }
        }

        int size = vocabularySize ?? VocabularySize;
        int outside = Array.FindIndex(counts, Math.Min(size, counts.Length), n => n > 0);
        if (outside >= 0)
        {
            throw new ConfigurationException($"token {outside} of the training text lies outside the vocabulary of {size}");
        }

        Array.Resize(ref counts, size);
        return counts;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _train?.Dispose();
        _heldOut?.Dispose();
    }

    /// <summary>Reads training tokens at a position.</summary>
    internal void ReadTrain(long position, Span<long> tokens) => _train.Read(position, tokens);

    /// <summary>Reads held-out tokens at a position.</summary>
    internal void ReadHeldOut(long position, Span<long> tokens) => _heldOut.Read(position, tokens);

    /// <summary>The domain that most of the training tokens in [begin, begin + length) belong to; the first of equals.</summary>
    internal int DomainOf(long begin, int length) => _runs.Of(begin, length);

    /// <summary>Opens a folder if it is there and whole; one that is damaged is as good as none.</summary>
    private static PackedCorpus? TryOpen(string folder, CorpusVocabulary? vocabulary)
    {
        try
        {
            if (!File.Exists(Path.Combine(folder, ManifestFile)))
            {
                return null;
            }

            using FileStream file = File.OpenRead(Path.Combine(folder, ManifestFile));
            PackedManifest? manifest = JsonSerializer.Deserialize<PackedManifest>(file);
            return manifest?.Schema == PackedManifest.CurrentSchema && manifest.TokenBytes == (vocabulary is null ? 1 : TokenizedWriter.TokenBytes)
                ? new PackedCorpus(folder, manifest, vocabulary)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            return null;
        }
    }
}
