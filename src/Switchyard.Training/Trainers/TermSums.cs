using Switchyard.Balancing;

namespace Switchyard.Training.Trainers;

/// <summary>Sums of auxiliary terms by name, in the order in which names come first.</summary>
internal sealed class TermSums
{
    private readonly OrderedDictionary<string, double> _sums = new(StringComparer.Ordinal);

    /// <summary>The numbers of terms on whatever device.</summary>
    public static IReadOnlyDictionary<string, double> Of(IEnumerable<LossTerm> terms)
    {
        TermSums sums = new();
        sums.Add(terms.Select(t => KeyValuePair.Create(t.Name, (double)t.Value.item<float>())));
        return sums.Times(1);
    }

    public void Add(IEnumerable<KeyValuePair<string, double>> terms)
    {
        foreach ((string name, double value) in terms)
        {
            _sums[name] = _sums.GetValueOrDefault(name) + value;
        }
    }

    public IReadOnlyDictionary<string, double> Times(double factor)
    {
        OrderedDictionary<string, double> scaled = new(StringComparer.Ordinal);
        foreach ((string name, double sum) in _sums)
        {
            scaled.Add(name, sum * factor);
        }

        return scaled;
    }

    public void Clear() => _sums.Clear();
}
