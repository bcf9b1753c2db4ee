namespace Switchyard.Training.Reporting;

/// <summary>Which end of a column is the good one.</summary>
internal enum Better
{
    /// <summary>Neither.</summary>
    Neither,

    /// <summary>The least value.</summary>
    Lower,

    /// <summary>The greatest value.</summary>
    Higher,
}
