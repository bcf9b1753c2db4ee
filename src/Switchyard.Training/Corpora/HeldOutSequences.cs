namespace Switchyard.Training.Corpora;

/// <summary>
/// The held-out text in sequences of N+1 tokens, in order of domain and of reading. A sequence holds one domain; what is left of each domain when no whole sequence
/// remains is strung together into sequences of several domains (−1) at the end. So no token is predicted twice, and every token once except the first of a sequence run and fewer than N at the very end.
/// </summary>
public sealed class HeldOutSequences
{
    private readonly PackedCorpus _corpus;

    /// <summary>[domains + 1] number of the first sequence of each domain.</summary>
    private readonly long[] _firstSequence;

    /// <summary>[domains + 1] where the rest of each domain starts in the text of all rests.</summary>
    private readonly long[] _firstRest;

    /// <summary>Cuts the held-out text.</summary>
    /// <param name="corpus">The text; stays open as long as sequences are read.</param>
    /// <param name="sequenceLength">N ≥ 1, the tokens predicted in a sequence.</param>
    /// <exception cref="ConfigurationException">The length is below 1.</exception>
    /// <exception cref="CorpusException">The held-out text is shorter than one sequence.</exception>
    public HeldOutSequences(PackedCorpus corpus, int sequenceLength)
    {
        _corpus = corpus;
        SequenceLength = sequenceLength >= 1 ? sequenceLength : throw new ConfigurationException($"The sequence length is {sequenceLength}; it must be at least 1.");
        int domains = corpus.Domains.Count;
        _firstSequence = new long[domains + 1];
        _firstRest = new long[domains + 1];
        for (int d = 0; d < domains; d++)
        {
            long length = corpus.HeldOutEnds[d] - Start(d);
            long whole = Math.Max(0, length - 1) / sequenceLength;
            _firstSequence[d + 1] = _firstSequence[d] + whole;
            _firstRest[d + 1] = _firstRest[d] + length - (whole > 0 ? (whole * sequenceLength) + 1 : 0);
        }

        Count = _firstSequence[^1] + (Math.Max(0, _firstRest[^1] - 1) / sequenceLength);
        if (Count == 0)
        {
            throw new CorpusException($"The held-out text of '{corpus.Info.Path}' has {corpus.HeldOutTokens:N0} tokens in {corpus.HeldOutDocuments:N0} documents, fewer than the {sequenceLength + 1L:N0} of one sequence. Give more text, a larger held-out share or a shorter sequence; whole documents are held out, and a text file is one for every 64 KB.");
        }
    }

    /// <summary>N.</summary>
    public int SequenceLength { get; }

    /// <summary>How many sequences there are.</summary>
    public long Count { get; }

    /// <summary>Every sequence once, or an even selection of <paramref name="most"/> of them over the whole text, always the same.</summary>
    /// <param name="batchSize">B ≥ 1; the last batch may be smaller.</param>
    /// <param name="most">The most sequences to read.</param>
    /// <exception cref="ConfigurationException">A size is below 1.</exception>
    public IEnumerable<TokenBatch> Batches(int batchSize, long most = long.MaxValue)
    {
        if (batchSize < 1 || most < 1)
        {
            throw new ConfigurationException($"The batch size is {batchSize} and the number of sequences {most}; both must be at least 1.");
        }

        return Read(batchSize, Math.Min(most, Count));
    }

    private IEnumerable<TokenBatch> Read(int batchSize, long chosen)
    {
        int width = SequenceLength + 1;
        for (long first = 0; first < chosen; first += batchSize)
        {
            int rows = (int)Math.Min(batchSize, chosen - first);
            long[] tokens = new long[checked(rows * width)];
            int[] domains = new int[rows];
            for (int b = 0; b < rows; b++)
            {
                long sequence = (long)((Int128)(first + b) * Count / chosen);
                domains[b] = ReadOne(sequence, tokens.AsSpan(b * width, width));
            }

            yield return new TokenBatch(tokens, domains, SequenceLength);
        }
    }

    private long Start(int domain) => domain == 0 ? 0 : _corpus.HeldOutEnds[domain - 1];

    private int ReadOne(long sequence, Span<long> tokens)
    {
        if (sequence < _firstSequence[^1])
        {
            int domain = IndexOf(_firstSequence, sequence);
            _corpus.ReadHeldOut(Start(domain) + ((sequence - _firstSequence[domain]) * SequenceLength), tokens);
            return domain;
        }

        long begin = (sequence - _firstSequence[^1]) * SequenceLength;
        for (int d = IndexOf(_firstRest, begin); tokens.Length > 0; d++)
        {
            int take = (int)Math.Min(tokens.Length, _firstRest[d + 1] - begin);
            _corpus.ReadHeldOut(_corpus.HeldOutEnds[d] - (_firstRest[d + 1] - begin), tokens[..take]);
            tokens = tokens[take..];
            begin += take;
        }

        return -1;
    }

    /// <summary>The last domain whose first number is at most <paramref name="value"/>; empty domains share their number with the next.</summary>
    private static int IndexOf(long[] firsts, long value)
    {
        int low = 0;
        int high = firsts.Length - 1;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = firsts[middle] <= value ? (middle, high) : (low, middle);
        }

        return low;
    }
}
