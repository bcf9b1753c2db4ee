namespace Switchyard.Metrics;

/// <summary>Which way a metric is better.</summary>
public enum MetricDirection
{
    /// <summary>Neither way is better by itself.</summary>
    None,

    /// <summary>Lower is better.</summary>
    Lower,

    /// <summary>Higher is better.</summary>
    Higher,
}
