namespace Switchyard.Selection;

/// <summary>Sizes and settings of a selector.</summary>
public sealed record SelectorOptions
{
    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token, k.</summary>
    public required int TopK { get; init; }

    /// <summary>Hidden size d, needed by <c>noisy-topk</c>.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Whether <c>softmax-topk</c> divides the chosen weights by their sum.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Groups G of <c>sigmoid-group</c>.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups kept by <c>sigmoid-group</c>.</summary>
    public int TopKGroup { get; init; } = 1;

    /// <summary>Factor on the weights of <c>sigmoid-group</c>.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Masks the experts of groups not kept with 0 (as Hugging Face does) instead of −∞ (DeepSeek's own code).</summary>
    public bool GroupMaskZero { get; init; }

    /// <summary>Capacity factor of <c>expert-choice</c>.</summary>
    public double CapacityFactor { get; init; } = 1;

    /// <summary>Softmax mass p that <c>threshold</c> collects.</summary>
    public double Threshold { get; init; } = 0.9;
}
