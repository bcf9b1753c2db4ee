using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The row that the others are measured against: the linear router without balancing.</summary>
internal static class Baseline
{
    /// <summary>The first row of router <c>linear</c> and balancer <c>none</c> with a finite loss, or null: then no cost of balance can be stated.</summary>
    public static CompareRow? Of(CompareResult result) =>
        result.Rows.FirstOrDefault(r => r.Router == "linear" && r.Balance == "none" && double.IsFinite(r.TestLoss));

    /// <summary>A row's held-out loss less the baseline's, nats a token; NaN without a baseline.</summary>
    public static double LossDifference(CompareRow row, CompareRow? baseline) => baseline is null ? double.NaN : row.TestLoss - baseline.TestLoss;
}
