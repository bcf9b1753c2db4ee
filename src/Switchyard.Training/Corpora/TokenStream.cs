namespace Switchyard.Training.Corpora;

/// <summary>
/// The training batches of a packed corpus, in an order that the seed decides. The text is cut every N tokens into sequences of N+1 (the last token of one is the first of the next),
/// so that each token but the very first is predicted once an epoch; each epoch has its own order.
/// </summary>
/// <remarks>The order is computed, not remembered: batch <c>step</c> is the same whenever and in whatever order it is asked for. The position to save for resuming is therefore the number of the next step, and runs with the same seed see the same batches.</remarks>
public sealed class TokenStream
{
    private readonly PackedCorpus _corpus;
    private readonly long _seed;

    /// <summary>Cuts the training text.</summary>
    /// <param name="corpus">The text; stays open as long as batches are read.</param>
    /// <param name="sequenceLength">N ≥ 1, the tokens predicted in a sequence.</param>
    /// <param name="batchSize">B ≥ 1, sequences a batch.</param>
    /// <param name="seed">Decides the order.</param>
    /// <exception cref="ConfigurationException">A size is below 1.</exception>
    /// <exception cref="CorpusException">The text is shorter than one sequence.</exception>
    public TokenStream(PackedCorpus corpus, int sequenceLength, int batchSize, long seed)
    {
        _corpus = corpus;
        _seed = seed;
        SequenceLength = sequenceLength >= 1 ? sequenceLength : throw new ConfigurationException($"The sequence length is {sequenceLength}; it must be at least 1.");
        BatchSize = batchSize >= 1 ? batchSize : throw new ConfigurationException($"The batch size is {batchSize}; it must be at least 1.");
        SequencesPerEpoch = Math.Max(0, corpus.TrainTokens - 1) / sequenceLength;
        if (SequencesPerEpoch == 0)
        {
            throw new CorpusException($"The training text of '{corpus.Info.Path}' has {corpus.TrainTokens:N0} tokens, fewer than the {sequenceLength + 1L:N0} of one sequence. Give more text or a shorter sequence.");
        }
    }

    /// <summary>N.</summary>
    public int SequenceLength { get; }

    /// <summary>B.</summary>
    public int BatchSize { get; }

    /// <summary>Sequences in an epoch.</summary>
    public long SequencesPerEpoch { get; }

    /// <summary>Epochs that have been read after <paramref name="steps"/> steps, as a fraction.</summary>
    public double Epochs(long steps) => (double)steps * BatchSize / SequencesPerEpoch;

    /// <summary>The batch of a step.</summary>
    /// <param name="step">Number of the step, from 0. A batch may reach from one epoch into the next.</param>
    public TokenBatch Read(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        int width = SequenceLength + 1;
        long[] tokens = new long[checked(BatchSize * width)];
        int[] domains = new int[BatchSize];
        long epoch = -1;
        SequenceOrder order = default;
        for (int b = 0; b < BatchSize; b++)
        {
            (long wanted, long position) = Math.DivRem(checked((step * BatchSize) + b), SequencesPerEpoch);
            if (wanted != epoch)
            {
                epoch = wanted;
                order = new SequenceOrder(SequencesPerEpoch, _seed, epoch);
            }

            long begin = order[position] * SequenceLength;
            _corpus.ReadTrain(begin, tokens.AsSpan(b * width, width));
            domains[b] = _corpus.DomainOf(begin, width);
        }

        return new TokenBatch(tokens, domains, SequenceLength);
    }
}
