namespace Switchyard.Models.Checkpoints;

/// <summary>The experts of a layer that stay when the others are taken out.</summary>
/// <param name="Layer">Index of the layer.</param>
/// <param name="Experts">Their numbers, ascending: the i-th of them becomes expert i.</param>
public sealed record KeptExperts(int Layer, IReadOnlyList<int> Experts)
{
    /// <summary>By kept expert: the experts whose weights its own become the mean of, with their shares, which sum to 1; where it is alone they stay as they are. Null where all do.</summary>
    public IReadOnlyList<IReadOnlyList<ExpertShare>>? Merged { get; init; }
}
