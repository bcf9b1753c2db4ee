namespace Switchyard.Models.Checkpoints;

/// <summary>Which experts of the original a pruned checkpoint has: <c>pruned</c> in the section <c>switchyard</c>.</summary>
internal sealed record PrunedSection
{
    /// <summary>Experts of a layer of the original.</summary>
    public required int Experts { get; init; }

    /// <summary>By MoE layer: the number in the original of each expert.</summary>
    public required IReadOnlyDictionary<int, IReadOnlyList<int>> Kept { get; init; }

    /// <summary>The section of a model of which experts are taken out, perhaps not for the first time.</summary>
    public static PrunedSection Of(PrunedSection? before, int experts, IReadOnlyList<KeptExperts> kept) => new()
    {
        Experts = before?.Experts ?? experts,
        Kept = kept.OrderBy(k => k.Layer).ToDictionary(k => k.Layer, k => (IReadOnlyList<int>)[.. k.Experts.Select(e => before?.Kept[k.Layer][e] ?? e)]),
    };

    /// <summary>Why the section does not fit the rest of the file; null where it does.</summary>
    public string? Disagreement(MoeTransformerOptions options)
    {
        int[] layers = [.. Enumerable.Range(0, options.Layers).Where(options.IsMoe)];
        if (!layers.SequenceEqual(Kept.Keys.Order()))
        {
            return $"'{ModelSection.Key}.pruned' names the layers {string.Join(", ", Kept.Keys.Order())}; the MoE layers are {string.Join(", ", layers)}";
        }

        foreach ((int layer, IReadOnlyList<int> kept) in Kept.OrderBy(k => k.Key))
        {
            if (kept.Count != options.Experts)
            {
                return $"'{ModelSection.Key}.pruned' says that layer {layer} has {kept.Count} experts; the file says {options.Experts}";
            }

            if (kept.Distinct().Count() != kept.Count || kept.Any(e => e < 0 || e >= Experts))
            {
                return $"'{ModelSection.Key}.pruned' names experts of layer {layer} twice, or others than 0 to {Experts - 1}";
            }
        }

        return null;
    }
}
