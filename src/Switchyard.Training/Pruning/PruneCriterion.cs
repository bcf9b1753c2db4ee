namespace Switchyard.Training.Pruning;

/// <summary>What the experts that stay are chosen by: the largest scores of each layer.</summary>
public enum PruneCriterion
{
    /// <summary>Pairs sent to an expert.</summary>
    Frequency,

    /// <summary>Sum of its combine weights.</summary>
    Weight,

    /// <summary>Router-weighted expert activation: the mean over its tokens of W_te·‖FFN_e(x_t)‖₂ (Lasby et al. 2025, arXiv 2510.13999).</summary>
    Reap,
}
