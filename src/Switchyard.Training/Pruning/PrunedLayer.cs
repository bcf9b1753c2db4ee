namespace Switchyard.Training.Pruning;

/// <summary>What became of a layer.</summary>
/// <param name="Layer">Its index.</param>
/// <param name="Kept">The experts that stayed, by their old numbers, ascending.</param>
/// <param name="Scores">The score of each expert, [E].</param>
/// <param name="Load">Pairs of each expert on the text that was scored, [E].</param>
public sealed record PrunedLayer(int Layer, IReadOnlyList<int> Kept, IReadOnlyList<double> Scores, IReadOnlyList<long> Load)
{
    /// <summary>By expert, the kept one that it was merged into, itself for one that stayed; null where the others were dropped.</summary>
    public IReadOnlyList<int>? MergedInto { get; init; }
}
