using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Switchyard.Training.Results;

namespace Switchyard.Training.Corpora;

/// <summary>
/// A corpus as tokens on disk: read and split once, then read at any position. Tokens are UTF-8 bytes (vocabulary 256); a zero byte ends each document.
/// </summary>
/// <remarks>
/// <para>A folder holds <c>train.bin</c> and <c>heldout.bin</c> (tokens; held-out text grouped by domain), an <c>.idx</c> beside each (start and domain of each document) and <c>corpus.json</c>.
/// Its name is a hash of what it was made from (files with size and time of change, format, split), so that it is used again as long as that is the same.
/// It is written beside itself, put on the disk and renamed: a reader sees all of it or none.</para>
/// <para>Memory while packing: one document, the set of 64-bit hashes (some 20 to 60 bytes a distinct document) and 16 bytes a held-out document; while reading: 12 bytes for each run of documents of one domain.</para>
/// <para>Exact duplicates (white space aside) count once. Two different documents are taken for duplicates with a chance of n²/2⁶⁵.</para>
/// </remarks>
public sealed class PackedCorpus : IDisposable
{
    /// <summary>Tokens are bytes.</summary>
    public const int VocabularySize = 256;

    /// <summary>The token that ends a document.</summary>
    public const byte EndOfDocument = 0;

    internal const string TrainTokensFile = "train.bin";
    internal const string TrainIndexFile = "train.idx";
    internal const string HeldOutTokensFile = "heldout.bin";
    internal const string HeldOutIndexFile = "heldout.idx";
    internal const string ManifestFile = "corpus.json";

    private readonly PackedManifest _manifest;
    private readonly SafeFileHandle _train;
    private readonly SafeFileHandle _heldOut;
    private readonly long[] _runStarts;
    private readonly int[] _runDomains;

    private PackedCorpus(string folder, PackedManifest manifest)
    {
        Folder = folder;
        _manifest = manifest;
        (_runStarts, _runDomains) = ReadRuns(Path.Combine(folder, TrainIndexFile), manifest);
        _train = File.OpenHandle(Path.Combine(folder, TrainTokensFile), options: FileOptions.RandomAccess);
        _heldOut = File.OpenHandle(Path.Combine(folder, HeldOutTokensFile), options: FileOptions.RandomAccess);
        if (RandomAccess.GetLength(_train) != manifest.TrainTokens || RandomAccess.GetLength(_heldOut) != manifest.HeldOutTokens)
        {
            Dispose();
            throw new InvalidDataException("a token file has another length than the manifest says");
        }
    }

    /// <summary>Where packed corpora are kept unless told otherwise: <c>switchyard/corpora</c> in the user's cache folder.</summary>
    public static string DefaultFolder
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            string root = Path.IsPathFullyQualified(cache ?? "") ? cache!
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : home.Length > 0 ? Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache")
                : Path.GetTempPath();
            return Path.Combine(root, "switchyard", "corpora");
        }
    }

    /// <summary>Where its files are.</summary>
    public string Folder { get; }

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
    public CorpusInfo Info => new(_manifest.Name, _manifest.Path, TrainDocuments + HeldOutDocuments, TrainTokens, HeldOutTokens, Domains);

    /// <summary>Where each domain's held-out text ends, [domains].</summary>
    internal IReadOnlyList<long> HeldOutEnds => _manifest.HeldOutEnds;

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
        folder = Path.GetFullPath(folder ?? DefaultFolder);
        string target = Path.Combine(folder, PackedCorpusKey.Of(corpus, split));
        if (TryOpen(target) is PackedCorpus packed)
        {
            return packed;
        }

        string temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(temporary);
            RemoveAbandoned(folder);
            PackedCorpusWriter.Write(corpus, temporary, split, progress, cancellationToken);
            return Publish(temporary, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot write the packed corpus to '{folder}': {e.Message}", e);
        }
        finally
        {
            Remove(temporary);
        }
    }

    /// <summary>How often each token occurs in the training text, ends of documents included. Reads all of it once.</summary>
    /// <param name="vocabularySize">Length of the result.</param>
    /// <exception cref="ConfigurationException">The text has a token outside the vocabulary.</exception>
    public long[] TrainFrequencies(int vocabularySize = VocabularySize)
    {
        long[] counts = new long[VocabularySize];
        byte[] buffer = new byte[1 << 20];
        for (long at = 0; at < TrainTokens; at += buffer.Length)
        {
            Span<byte> tokens = buffer.AsSpan(0, (int)Math.Min(buffer.Length, TrainTokens - at));
            ReadTrain(at, tokens);
            foreach (byte token in tokens)
            {
                counts[token]++;
            }
        }

        int outside = Array.FindIndex(counts, Math.Min(vocabularySize, counts.Length), n => n > 0);
        if (outside >= 0)
        {
            throw new ConfigurationException($"token {outside} of the training text lies outside the vocabulary of {vocabularySize}");
        }

        Array.Resize(ref counts, vocabularySize);
        return counts;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _train?.Dispose();
        _heldOut?.Dispose();
    }

    /// <summary>Reads training tokens at a position.</summary>
    internal void ReadTrain(long position, Span<byte> tokens) => ReadExactly(_train, position, tokens, TrainTokensFile);

    /// <summary>Reads held-out tokens at a position.</summary>
    internal void ReadHeldOut(long position, Span<byte> tokens) => ReadExactly(_heldOut, position, tokens, HeldOutTokensFile);

    /// <summary>The domain that most of the training tokens in [begin, begin + length) belong to; the first of equals.</summary>
    internal int DomainOf(long begin, int length)
    {
        int run = Array.BinarySearch(_runStarts, begin);
        run = run < 0 ? ~run - 1 : run;
        long end = begin + length;
        int first = _runDomains[run];
        if (run + 1 == _runStarts.Length || _runStarts[run + 1] >= end)
        {
            return first;
        }

        var share = new Dictionary<int, long>();
        int best = first;
        for (long at = begin; at < end; run++)
        {
            long stop = run + 1 < _runStarts.Length ? Math.Min(end, _runStarts[run + 1]) : end;
            int domain = _runDomains[run];
            share[domain] = share.GetValueOrDefault(domain) + stop - at;
            best = share[domain] > share.GetValueOrDefault(best) ? domain : best;
            at = stop;
        }

        return best;
    }

    /// <summary>Opens a folder if it is there and whole; one that is damaged is as good as none.</summary>
    private static PackedCorpus? TryOpen(string folder)
    {
        try
        {
            if (!File.Exists(Path.Combine(folder, ManifestFile)))
            {
                return null;
            }

            using FileStream file = File.OpenRead(Path.Combine(folder, ManifestFile));
            PackedManifest? manifest = JsonSerializer.Deserialize<PackedManifest>(file);
            return manifest?.Schema == PackedManifest.CurrentSchema ? new PackedCorpus(folder, manifest) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Gives the finished folder its name; another process may have been first with the same.</summary>
    private static PackedCorpus Publish(string temporary, string target)
    {
        try
        {
            Directory.Move(temporary, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            if (TryOpen(target) is PackedCorpus other)
            {
                return other;
            }

            Remove(target);
            Directory.Move(temporary, target);
        }

        return TryOpen(target) ?? throw new IOException($"'{target}' cannot be read back after it was written.");
    }

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left behind: it has a name that nobody reads.
        }
    }

    /// <summary>Removes what a killed process left behind a day ago or longer.</summary>
    private static void RemoveAbandoned(string folder)
    {
        foreach (string old in Directory.EnumerateDirectories(folder, $".{new string('?', 32)}.{new string('?', 32)}"))
        {
            if (Directory.GetLastWriteTimeUtc(old) < DateTime.UtcNow.AddDays(-1))
            {
                Remove(old);
            }
        }
    }

    private static (long[] Starts, int[] Domains) ReadRuns(string path, PackedManifest manifest)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length != manifest.TrainDocuments * PackedFile.EntryBytes)
        {
            throw new InvalidDataException("an index has another length than the manifest says");
        }

        List<long> starts = [];
        List<int> domains = [];
        using var buffered = new BufferedStream(file, 1 << 16);
        Span<byte> entry = stackalloc byte[PackedFile.EntryBytes];
        long previous = -1;
        for (long i = 0; i < manifest.TrainDocuments; i++)
        {
            buffered.ReadExactly(entry);
            long start = BinaryPrimitives.ReadInt64LittleEndian(entry);
            int domain = BinaryPrimitives.ReadInt32LittleEndian(entry[8..]);
            if (start <= previous || start >= manifest.TrainTokens || (i == 0 && start != 0) || (uint)domain >= (uint)manifest.Domains.Count)
            {
                throw new InvalidDataException("an index entry is out of range");
            }

            previous = start;
            if (domains.Count == 0 || domains[^1] != domain)
            {
                starts.Add(start);
                domains.Add(domain);
            }
        }

        return ([.. starts], [.. domains]);
    }

    private static void ReadExactly(SafeFileHandle file, long position, Span<byte> tokens, string name)
    {
        while (tokens.Length > 0)
        {
            int read = RandomAccess.Read(file, tokens, position);
            if (read == 0)
            {
                throw new IOException($"'{name}' of the packed corpus ends before position {position}: it was cut after it was opened.");
            }

            tokens = tokens[read..];
            position += read;
        }
    }
}
