using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Selection;
using Switchyard.Training.Results;
using static TorchSharp.torch;

namespace Switchyard.Training.Pruning;

/// <summary>Scores the experts of a model while it runs over text, or by its profile, by what was asked for before any capacity policy.</summary>
/// <remarks>Frequency: pairs of e. Weight: Σ_t W_te. REAP: (1 ÷ pairs of e)·Σ_t W_te·‖FFN_e(x_t)‖₂, 0 for an expert without pairs; its outputs are computed by the layer's executor, a portion of the pairs at a time.</remarks>
internal sealed class ExpertScores : IRoutingObserver
{
    private const int PortionElements = 1 << 23;
    private readonly PruneCriterion _by;
    private readonly SortedDictionary<int, (MoeLayer Layer, long[] Pairs, double[] Sums)> _layers = [];

    /// <summary>Begins with nothing seen.</summary>
    /// <param name="model">The model that will run.</param>
    /// <param name="by">Which score.</param>
    public ExpertScores(MoeTransformer model, PruneCriterion by)
    {
        _by = by;
        foreach (MoeLayer layer in model.MoeLayers)
        {
            _layers[layer.Options.Layer] = (layer, new long[layer.Options.Experts], new double[layer.Options.Experts]);
        }
    }

    /// <summary>Takes the pairs and combine weights that a profile of the model has counted. It holds no outputs of experts.</summary>
    /// <param name="profile">A profile that fits the model (<see cref="StoredProfile.Read"/>).</param>
    public void Take(ProfileResult profile)
    {
        foreach (ProfileLayer counted in profile.Layers)
        {
            (_, long[] pairs, double[] sums) = _layers[counted.Layer];
            for (int e = 0; e < pairs.Length; e++)
            {
                pairs[e] += counted.Load[e];
                sums[e] += counted.SoftLoad[e];
            }
        }
    }

    /// <inheritdoc/>
    public void Observe(RoutingObservation observation)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        (MoeLayer layer, long[] pairs, double[] sums) = _layers[observation.Layer];
        Assignment assignment = observation.Assignment;
        int slots = (int)assignment.Experts.size(1);
        Tensor places = assignment.Experts.flatten().ge(Held(0)).nonzero().flatten(); // [R]
        Tensor experts = assignment.Experts.flatten().index_select(0, places), weights = assignment.Weights.flatten().index_select(0, places).to(ScalarType.Float64);
        Tensor tokens = places.div(Held(slots), RoundingMode.floor);
        if (_by == PruneCriterion.Reap)
        {
            MultiplyByNorms(weights, layer, observation.ExpertInput ?? throw new InvalidOperationException("the layer does not say what its experts see"), tokens, experts);
        }

        ReadOnlySpan<long> e = experts.cpu().contiguous().data<long>().ToArray();
        ReadOnlySpan<double> value = weights.cpu().contiguous().data<double>().ToArray();
        for (int r = 0; r < e.Length; r++)
        {
            pairs[e[r]]++;
            sums[e[r]] += value[r];
        }
    }

    /// <summary>The layers with the score of each expert and the experts that stay: the best of the layer or, where its selector chooses from groups, of each group; of equal scores the lower number.</summary>
    /// <param name="keep">Experts that a layer keeps; the groups divide it.</param>
    /// <param name="merge">Whether the others are merged into them.</param>
    public IReadOnlyList<PrunedLayer> Choose(int keep, bool merge) =>
    [
        .. _layers.Values.Select(l =>
        {
            double[] scores = [.. l.Sums.Select((sum, e) => _by switch
            {
                PruneCriterion.Frequency => l.Pairs[e],
                PruneCriterion.Weight => sum,
                _ => l.Pairs[e] > 0 ? sum / l.Pairs[e] : 0,
            })];
            int groups = l.Layer.Selector.Options.Groups;
            int[] kept = [.. Enumerable.Range(0, scores.Length).Chunk(scores.Length / groups).SelectMany(g => g.OrderByDescending(e => scores[e]).Take(keep / groups)).Order()];
            return new PrunedLayer(l.Layer.Options.Layer, kept, scores, l.Pairs) { MergedInto = merge && keep < scores.Length ? ExpertMerging.Targets(l.Layer, kept) : null };
        }),
    ];

    /// <summary>Multiplies the weights [R] of pairs by ‖FFN_e(x)‖₂.</summary>
    private static void MultiplyByNorms(Tensor weights, MoeLayer layer, Tensor x, Tensor tokens, Tensor experts)
    {
        int portion = Math.Max(1, PortionElements / layer.Options.HiddenSize);
        for (long from = 0; from < experts.size(0); from += portion)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(portion, experts.size(0) - from);
            Tensor outputs = layer.ExpertOutputs(x.index_select(0, tokens.narrow(0, from, count)), experts.narrow(0, from, count)); // [count, d]
            weights.narrow(0, from, count).mul_(outputs.to(ScalarType.Float64).norm(1));
        }
    }
}
