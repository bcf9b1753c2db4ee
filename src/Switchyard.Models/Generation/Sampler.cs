namespace Switchyard.Models.Generation;

/// <summary>Chooses tokens from logits. The same options and logits give the same tokens.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly Random _random;

    /// <summary>Makes a sampler at the start of its draws.</summary>
    /// <exception cref="ConfigurationException">A value is out of its range.</exception>
    public Sampler(SamplingOptions options)
    {
        options.Validate();
        _options = options;
        _random = new Random(unchecked((int)(options.Seed ^ (options.Seed >> 32))));
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">Logits [V].</param>
    /// <param name="seen">Tokens of the text so far, for the repetition penalty.</param>
    /// <exception cref="InvalidOperationException">No logit is a number, or one is +∞ or not a number.</exception>
    public int Next(ReadOnlySpan<float> logits, IReadOnlySet<int> seen)
    {
        float[] penalised = logits.ToArray();
        if (_options.RepetitionPenalty != 1)
        {
            foreach (int id in seen.Where(id => id < penalised.Length))
            {
                penalised[id] = (float)(penalised[id] > 0 ? penalised[id] / _options.RepetitionPenalty : penalised[id] * _options.RepetitionPenalty);
            }
        }

        int best = Best(penalised);
        return _options.Temperature == 0 || _options.TopK == 1 ? best : Draw(penalised, best);
    }

    private static int Best(float[] logits)
    {
        int best = -1;
        for (int id = 0; id < logits.Length; id++)
        {
            if (float.IsNaN(logits[id]) || float.IsPositiveInfinity(logits[id]))
            {
                throw new InvalidOperationException($"the logit of token {id} is {logits[id]}: the model's numbers have overflowed");
            }

            if (!float.IsNegativeInfinity(logits[id]) && (best < 0 || logits[id] > logits[best]))
            {
                best = id;
            }
        }

        return best >= 0 ? best : throw new InvalidOperationException("there is no token to choose from");
    }

    /// <summary>Draws by the probabilities that are left; candidates stand by falling logit, equals by id.</summary>
    private int Draw(float[] logits, int best)
    {
        double top = logits[best];
        double floor = _options.MinP > 0 ? top + (_options.Temperature * Math.Log(_options.MinP)) : double.NegativeInfinity;
        int[] candidates = [.. Enumerable.Range(0, logits.Length).Where(id => !float.IsNegativeInfinity(logits[id]))];
        bool sorted = _options.TopK > 0 || _options.TopP < 1;
        if (sorted)
        {
            Array.Sort(candidates, (a, b) => logits[a] != logits[b] ? logits[b].CompareTo(logits[a]) : a.CompareTo(b));
        }

        int count = _options.TopK > 0 ? Math.Min(_options.TopK, candidates.Length) : candidates.Length;
        double[] weights = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            weights[i] = Math.Exp((logits[candidates[i]] - top) / _options.Temperature);
            sum += weights[i];
        }

        if (_options.TopP < 1)
        {
            double wanted = _options.TopP * sum;
            double reached = 0;
            int kept = 0;
            while (kept < count && reached < wanted)
            {
                reached += weights[kept++];
            }

            count = Math.Max(1, kept);
        }

        sum = 0;
        for (int i = 0; i < count; i++)
        {
            weights[i] = logits[candidates[i]] >= floor ? weights[i] : 0;
            sum += weights[i];
        }

        double at = _random.NextDouble() * sum;
        for (int i = 0; i < count; i++)
        {
            at -= weights[i];
            if (at < 0)
            {
                return candidates[i];
            }
        }

        return best;
    }
}
