using Switchyard.Models.Checkpoints;
using static TorchSharp.torch;

namespace Switchyard.Training.Pruning;

/// <summary>Finds for each expert that goes the one that it is merged into: of those that stay, the one whose row in the router has the largest cosine with its own.</summary>
internal static class ExpertMerging
{
    /// <summary>By expert, the kept one that it is merged into; a kept one stays itself.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="kept">Experts that stay.</param>
    public static int[] Targets(MoeLayer layer, IReadOnlyList<int> kept)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        IReadOnlySet<Tensor> byExpert = layer.Routing.TensorsByExpert();
        Tensor[] matrices = [.. layer.Router.parameters().Distinct().Where(p => p.dim() > 1 && byExpert.Contains(p)).Select(p => p.detach().to(ScalarType.Float64).flatten(1))];
        Tensor rows = nn.functional.normalize(cat(matrices, 1), 2, 1, 1e-12); // [E, …]
        Tensor stay = tensor(kept.Select(e => (long)e).ToArray());
        long[] nearest = rows.matmul(rows.index_select(0, stay).t()).argmax(1).data<long>().ToArray();
        int[] targets = [.. nearest.Select(i => kept[(int)i])];
        foreach (int e in kept)
        {
            targets[e] = e;
        }

        return targets;
    }

    /// <summary>The means that merging makes of the experts that stay, weighted by the pairs of each; experts without pairs have no part in them.</summary>
    /// <param name="layer">What was chosen, with its targets.</param>
    public static KeptExperts Shares(PrunedLayer layer) => new(layer.Layer, layer.Kept)
    {
        Merged = layer.MergedInto is not { } into ? null :
        [
            .. layer.Kept.Select(k =>
            {
                int[] members = [.. Enumerable.Range(0, into.Count).Where(e => into[e] == k && (e == k || layer.Load[e] > 0))];
                double pairs = members.Sum(e => (double)layer.Load[e]);
                return (IReadOnlyList<ExpertShare>)(pairs > 0 ? [.. members.Select(e => new ExpertShare(e, layer.Load[e] / pairs))] : [new ExpertShare(k, 1)]);
            }),
        ],
    };
}
