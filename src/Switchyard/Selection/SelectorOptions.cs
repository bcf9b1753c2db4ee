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

    /// <summary>Whether <c>softmax-topk</c>, <c>sigmoid-group</c> and <c>threshold</c> divide the chosen weights by their sum.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Groups G of <c>sigmoid-group</c>.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups kept by <c>sigmoid-group</c>.</summary>
    public int TopKGroup { get; init; } = 1;

    /// <summary>Factor on the weights of <c>sigmoid-group</c>.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>How <c>sigmoid-group</c> masks the experts of groups that are not kept.</summary>
    public GroupMask GroupMask { get; init; }

    /// <summary>Capacity factor of <c>expert-choice</c>.</summary>
    public double CapacityFactor { get; init; } = 1;

    /// <summary>Softmax mass p that <c>threshold</c> collects.</summary>
    public double Threshold { get; init; } = 0.9;

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ConfigurationException">A size is out of range, or they do not fit together.</exception>
    public void Validate()
    {
        Require(Experts >= 1, $"experts is {Experts}; a layer needs at least one");
        Require(TopK >= 1 && TopK <= Experts, $"topK is {TopK}; with {Experts} experts it lies between 1 and {Experts}");
        Require(Groups >= 1 && Experts % Groups == 0, $"groups is {Groups}; it must divide the {Experts} experts");
        Require(TopKGroup >= 1 && TopKGroup <= Groups, $"topKGroup is {TopKGroup}; with {Groups} groups it lies between 1 and {Groups}");
        Require(
            TopKGroup * (Experts / Groups) >= TopK,
            $"the {TopKGroup} groups kept hold {TopKGroup * (Experts / Groups)} experts, fewer than topK {TopK}; keep more groups");
        Require(double.IsFinite(Scale) && Scale != 0, $"scale is {Scale}; it must be a number other than 0");
        Require(CapacityFactor > 0 && double.IsFinite(CapacityFactor), $"capacityFactor is {CapacityFactor}; it must be positive");
        Require(Threshold is > 0 and <= 1, $"threshold is {Threshold}; it lies in (0, 1]");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}
