using System.Text.Json.Serialization;

namespace Switchyard.Training.Results;

/// <summary>The routing of one MoE layer in a profile: what <c>compare</c> tells of a layer, and more.</summary>
public sealed record ProfileLayer : LayerResult
{
    /// <summary>Tokens counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Mean over windows of the Gini coefficient of the window's own fresh tokens.</summary>
    public double GiniPerBatch { get; init; }

    /// <summary>Mean over windows of the min-max ratio of the window's own fresh tokens.</summary>
    public double MinMaxPerBatch { get; init; }

    /// <summary>Routing entropy ÷ ln E.</summary>
    public double RoutingEntropyNormalised { get; init; }

    /// <summary>Dropped pairs ÷ pairs, over all passes.</summary>
    public double DropRate { get; init; }

    /// <summary>What the unevenness costs on 2, 4 and 8 devices.</summary>
    public required IReadOnlyList<DeviceCost> ImbalanceCost { get; init; }

    /// <summary>Metrics of the order of choices; null for a layer of a domain.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OrderResult? Order { get; init; }
}
