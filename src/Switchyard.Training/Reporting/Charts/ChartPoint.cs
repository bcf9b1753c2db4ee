namespace Switchyard.Training.Reporting.Charts;

/// <summary>A point of a line, and what would be expected there.</summary>
internal readonly record struct ChartPoint(double X, double Y, double Expected);
