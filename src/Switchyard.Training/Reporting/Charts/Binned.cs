using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting.Charts;

/// <summary>A history cut into at most so many equal runs of points, since a curve of ten thousand points is no clearer than one of two hundred.</summary>
internal static class Binned
{
    /// <summary>Consecutive runs of the items, of equal length but for the last.</summary>
    public static IReadOnlyList<T[]> Of<T>(IReadOnlyList<T> items, int most)
    {
        int length = Math.Max(1, (items.Count + most - 1) / most);
        return [.. items.Chunk(length)];
    }

    /// <summary>Mean of the finite values; NaN without any.</summary>
    public static double Mean(IEnumerable<double> values)
    {
        double sum = 0;
        int count = 0;
        foreach (double value in values.Where(double.IsFinite))
        {
            sum += value;
            count++;
        }

        return count == 0 ? double.NaN : sum / count;
    }

    /// <summary>Mean of equally long lists, place by place.</summary>
    public static double[] Mean(IReadOnlyList<IReadOnlyList<double>> lists)
    {
        int length = lists.Count == 0 ? 0 : lists.Min(l => l.Count);
        return [.. Enumerable.Range(0, length).Select(i => Mean(lists.Select(l => l[i])))];
    }

    /// <summary>How many logged points a drawn point stands for.</summary>
    public static int Length(CompareResult result, int most) =>
        result.Rows.Select(r => Math.Max(1, (r.History.Count + most - 1) / most)).DefaultIfEmpty(1).Max();
}
