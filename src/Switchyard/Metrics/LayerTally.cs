namespace Switchyard.Metrics;

/// <summary>The running sums of one layer.</summary>
internal sealed class LayerTally
{
    private readonly LoadRecorderOptions _options;
    private readonly long[] _load;
    private readonly long[] _batchLoad;
    private readonly double[]? _softLoad;
    private readonly long[][]? _domainLoad;
    private readonly long[][]? _coActivation;
    private readonly ScoreTally? _scores;
    private long _tokens;
    private long _batches;
    private double _gini;
    private double _minMax;

    public LayerTally(int experts, LoadRecorderOptions options)
    {
        _options = options;
        _load = new long[experts];
        _batchLoad = new long[experts];
        _softLoad = options.SoftLoad ? new double[experts] : null;
        _domainLoad = options.Domains > 0 ? Square(options.Domains, experts) : null;
        _coActivation = options.CoActivation ? Square(experts, experts) : null;
        _scores = options.Scores ? new ScoreTally(experts) : null;
    }

    public ReadOnlySpan<long> Load => _load;

    public long DroppedPairs { get; private set; }

    public void Add(in Batch batch)
    {
        Array.Clear(_batchLoad);
        if (LoadIsAll(batch))
        {
            _tokens += batch.Tokens;
            AddLoad(batch.Experts);
            Close(batch);
            return;
        }

        for (int t = 0; t < batch.Tokens; t++)
        {
            if (batch.Mask.IsEmpty || batch.Mask[t] != 0)
            {
                _tokens++;
                AddToken(batch, t);
            }
        }

        Close(batch);
    }

    public void Add(LayerTally other)
    {
        Sum(_load, other._load);
        Sum(_softLoad, other._softLoad);
        for (int i = 0; i < (_domainLoad?.Length ?? 0); i++)
        {
            Sum(_domainLoad![i], other._domainLoad![i]);
        }

        for (int i = 0; i < (_coActivation?.Length ?? 0); i++)
        {
            Sum(_coActivation![i], other._coActivation![i]);
        }

        _scores?.Add(other._scores!);
        _tokens += other._tokens;
        _batches += other._batches;
        _gini += other._gini;
        _minMax += other._minMax;
        DroppedPairs += other.DroppedPairs;
    }

    public LayerStatistics Statistics(int layer) => new()
    {
        Layer = layer,
        Tokens = _tokens,
        Batches = _batches,
        Load = [.. _load],
        Balance = LoadStatistics.Of(_load, _options.Devices),
        DroppedPairs = DroppedPairs,
        SoftLoad = _softLoad is null ? null : [.. _softLoad],
        DomainLoad = Copy(_domainLoad),
        CoActivation = Copy(_coActivation),
        GiniPerBatch = _options.PerBatch && _batches > 0 ? _gini / _batches : null,
        MinMaxPerBatch = _options.PerBatch && _batches > 0 ? _minMax / _batches : null,
        RoutingEntropy = _scores?.Entropy,
        Margin = _scores?.Margin,
    };

    private bool LoadIsAll(in Batch batch) =>
        batch.Mask.IsEmpty && batch.Domains.IsEmpty && _softLoad is null && _coActivation is null && _scores is null;

    private void AddLoad(ReadOnlySpan<long> chosen)
    {
        long[] load = _batchLoad;
        foreach (long e in chosen)
        {
            if ((ulong)e < (ulong)load.Length)
            {
                load[e]++;
            }
            else if (e >= 0)
            {
                throw Outside(e);
            }
        }
    }

    private void Close(in Batch batch)
    {
        for (int e = 0; e < _load.Length; e++)
        {
            _load[e] += _batchLoad[e];
        }

        _batches++;
        DroppedPairs += batch.DroppedPairs;
        if (_options.PerBatch)
        {
            _gini += LoadMetrics.Gini(_batchLoad);
            _minMax += LoadMetrics.MinMax(_batchLoad);
        }
    }

    private void AddToken(in Batch batch, int t)
    {
        ReadOnlySpan<long> chosen = batch.Experts.Slice(t * batch.Slots, batch.Slots);
        int filled = 0;
        long[]? domain = DomainOf(batch, t);
        for (int j = 0; j < chosen.Length; j++)
        {
            long e = chosen[j];
            if (e < 0)
            {
                continue;
            }

            if (e >= _load.Length)
            {
                throw Outside(e);
            }

            filled++;
            _batchLoad[e]++;
            if (domain is not null)
            {
                domain[e]++;
            }

            if (_softLoad is not null)
            {
                _softLoad[e] += batch.Weights[(t * batch.Slots) + j];
            }

            if (_coActivation is not null)
            {
                AddSharing(chosen, j);
            }
        }

        _scores?.Add(batch.Scores.Slice(t * _load.Length, _load.Length), filled);
    }

    private ConfigurationException Outside(long e) => new($"a token goes to expert {e}, but there are {_load.Length}");

    private long[]? DomainOf(in Batch batch, int t)
    {
        if (batch.Domains.IsEmpty)
        {
            return null;
        }

        int domain = batch.Domains[(int)((long)t * batch.Domains.Length / batch.Tokens)];
        return domain < 0 ? null : _domainLoad![domain];
    }

    private void AddSharing(ReadOnlySpan<long> chosen, int j)
    {
        long[] row = _coActivation![chosen[j]];
        for (int i = 0; i < j; i++)
        {
            if (chosen[i] >= 0)
            {
                row[chosen[i]]++;
                _coActivation[chosen[i]][chosen[j]]++;
            }
        }
    }

    private static void Sum(long[] into, long[] from)
    {
        for (int i = 0; i < into.Length; i++)
        {
            into[i] += from[i];
        }
    }

    private static void Sum(double[]? into, double[]? from)
    {
        for (int i = 0; i < (into?.Length ?? 0); i++)
        {
            into![i] += from![i];
        }
    }

    private static long[][] Square(int rows, int columns)
    {
        long[][] result = new long[rows][];
        for (int i = 0; i < rows; i++)
        {
            result[i] = new long[columns];
        }

        return result;
    }

    private static long[][]? Copy(long[][]? rows) => rows is null ? null : [.. rows.Select(row => (long[])[.. row])];
}
