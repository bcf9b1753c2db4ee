using System.Buffers.Binary;

namespace Switchyard.Training.Corpora;

/// <summary>Which domain each stretch of the training text belongs to: one entry for each run of documents of one domain.</summary>
internal sealed class DomainRuns
{
    private readonly long[] _starts;
    private readonly int[] _domains;

    private DomainRuns(long[] starts, int[] domains) => (_starts, _domains) = (starts, domains);

    /// <summary>Reads the index of the training text.</summary>
    /// <exception cref="InvalidDataException">It does not belong to the manifest.</exception>
    public static DomainRuns Read(string path, PackedManifest manifest)
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

        return new DomainRuns([.. starts], [.. domains]);
    }

    /// <summary>The domain that most of the tokens in [begin, begin + length) belong to; the first of equals.</summary>
    public int Of(long begin, int length)
    {
        int run = Array.BinarySearch(_starts, begin);
        run = run < 0 ? ~run - 1 : run;
        long end = begin + length;
        int first = _domains[run];
        if (run + 1 == _starts.Length || _starts[run + 1] >= end)
        {
            return first;
        }

        var share = new Dictionary<int, long>();
        int best = first;
        for (long at = begin; at < end; run++)
        {
            long stop = run + 1 < _starts.Length ? Math.Min(end, _starts[run + 1]) : end;
            int domain = _domains[run];
            share[domain] = share.GetValueOrDefault(domain) + stop - at;
            best = share[domain] > share.GetValueOrDefault(best) ? domain : best;
            at = stop;
        }

        return best;
    }
}
