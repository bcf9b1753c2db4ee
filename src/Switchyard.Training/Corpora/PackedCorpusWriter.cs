using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Switchyard.Training.Corpora;

/// <summary>Reads a corpus once and writes the files of a <see cref="PackedCorpus"/> into a folder of their own.</summary>
internal static class PackedCorpusWriter
{
    private const int MostDomains = 1 << 17;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Write(ICorpus corpus, string folder, CorpusSplit split, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var seen = new HashSet<ulong>();
        var domains = new Dictionary<string, int>(StringComparer.Ordinal);
        string spool = Path.Combine(folder, "spool.bin");
        string spoolIndex = Path.Combine(folder, "spool.idx");
        long duplicates = 0;
        long trainDocuments;
        long trainTokens;
        using (var train = new PackedFile(Path.Combine(folder, PackedCorpus.TrainTokensFile), Path.Combine(folder, PackedCorpus.TrainIndexFile)))
        using (var heldOut = new PackedFile(spool, spoolIndex))
        {
            byte[] buffer = [];
            foreach (Document document in corpus.Read(cancellationToken))
            {
                Span<byte> utf8 = Encode(document, ref buffer);
                ulong hash = CorpusSplit.Hash(utf8);
                if (!seen.Add(hash))
                {
                    duplicates++;
                    continue;
                }

                ref int domain = ref CollectionsMarshal.GetValueRefOrAddDefault(domains, document.Domain, out bool known);
                if (!known)
                {
                    domain = domains.Count - 1;
                    if (domain == MostDomains)
                    {
                        throw new CorpusException($"'{corpus.Path}' has more than {MostDomains:N0} domains: at '{document.Id}'. Give documents of one kind the same domain.");
                    }
                }

                (split.IsHeldOut(hash) ? heldOut : train).Add(utf8, domain);
                progress?.Report(train.Tokens + heldOut.Tokens);
            }

            train.Flush();
            heldOut.Flush();
            trainDocuments = train.Documents;
            trainTokens = train.Tokens;
        }

        if (seen.Count == 0)
        {
            throw new CorpusException($"'{corpus.Path}' is empty: there is no text in it.");
        }

        long[] ends = GroupByDomain(folder, spool, spoolIndex, domains.Count, out long heldOutDocuments, cancellationToken);
        File.Delete(spool);
        File.Delete(spoolIndex);
        var manifest = new PackedManifest
        {
            Schema = PackedManifest.CurrentSchema,
            Name = corpus.Name,
            Path = corpus.Path,
            HeldOutShare = split.HeldOutShare,
            TrainDocuments = trainDocuments,
            HeldOutDocuments = heldOutDocuments,
            Duplicates = duplicates,
            TrainTokens = trainTokens,
            HeldOutTokens = ends[^1],
            Domains = [.. domains.OrderBy(d => d.Value).Select(d => d.Key)],
            HeldOutEnds = ends,
        };
        using FileStream file = File.Create(Path.Combine(folder, PackedCorpus.ManifestFile));
        JsonSerializer.Serialize(file, manifest);
        file.Flush(flushToDisk: true);
    }

    /// <summary>The bytes of a document, with room in <paramref name="buffer"/>.</summary>
    private static Span<byte> Encode(Document document, ref byte[] buffer)
    {
        try
        {
            int length = Strict.GetByteCount(document.Text);
            if (buffer.Length < length)
            {
                buffer = new byte[Math.Max(length, 1 << 14)];
            }

            return buffer.AsSpan(0, Strict.GetBytes(document.Text, buffer));
        }
        catch (EncoderFallbackException e)
        {
            throw new CorpusException($"'{document.Id}' holds half of a surrogate pair, which is not text.", e);
        }
    }

    /// <summary>Copies the held-out documents so that each domain stands together, in order of reading within it; returns where each domain ends.</summary>
    private static long[] GroupByDomain(string folder, string spool, string spoolIndex, int domains, out long documents, CancellationToken cancellationToken)
    {
        byte[] index = File.ReadAllBytes(spoolIndex);
        using FileStream source = File.OpenRead(spool);
        int count = index.Length / PackedFile.EntryBytes;
        documents = count;
        (int Domain, long Start, int Length)[] entries = new (int, long, int)[count];
        long end = source.Length;
        for (int i = count - 1; i >= 0; i--)
        {
            ReadOnlySpan<byte> entry = index.AsSpan(i * PackedFile.EntryBytes);
            long start = BinaryPrimitives.ReadInt64LittleEndian(entry);
            entries[i] = (BinaryPrimitives.ReadInt32LittleEndian(entry[8..]), start, (int)(end - start - 1));
            end = start;
        }

        Array.Sort(entries, (a, b) => (a.Domain, a.Start).CompareTo((b.Domain, b.Start)));
        long[] ends = new long[domains];
        byte[] buffer = [];
        int written = 0;
        using var target = new PackedFile(Path.Combine(folder, PackedCorpus.HeldOutTokensFile), Path.Combine(folder, PackedCorpus.HeldOutIndexFile));
        for (int domain = 0; domain < domains; domain++)
        {
            for (; written < count && entries[written].Domain == domain; written++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int length = entries[written].Length;
                if (buffer.Length < length)
                {
                    buffer = new byte[Math.Max(length, 1 << 14)];
                }

                source.Position = entries[written].Start;
                source.ReadExactly(buffer, 0, length);
                target.Add(buffer.AsSpan(0, length), domain);
            }

            ends[domain] = target.Tokens;
        }

        target.Flush();
        return ends;
    }
}
