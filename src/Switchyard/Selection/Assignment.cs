using TorchSharp;

namespace Switchyard.Selection;

/// <summary>Which experts each of T tokens goes to, and with which weight.</summary>
/// <remarks>Every token has k slots. An empty slot (a dropped pair, or a token that takes fewer experts) has expert −1 and weight 0.</remarks>
public sealed record Assignment
{
    /// <summary>Makes an assignment.</summary>
    /// <param name="experts">Experts A [T, k] int64, distinct within a row, −1 for an empty slot.</param>
    /// <param name="weights">Combine weights W [T, k], differentiable with respect to the scores.</param>
    public Assignment(torch.Tensor experts, torch.Tensor weights)
    {
        Experts = experts;
        Weights = weights;
    }

    /// <summary>Experts A [T, k] int64, −1 for an empty slot.</summary>
    public torch.Tensor Experts { get; init; }

    /// <summary>Combine weights W [T, k].</summary>
    public torch.Tensor Weights { get; init; }

    /// <summary>The scores that were chosen from and weighed, [T, E]; null where the assignment did not come from a selector.</summary>
    public torch.Tensor? PreparedScores { get; init; }

    /// <summary>The noise that the choice was made with; null where there was none.</summary>
    public NoisyScores? Noise { get; init; }

    /// <summary>How many pairs a capacity policy has dropped from this assignment.</summary>
    public long DroppedPairs { get; init; }
}
