using System.Text;
using Switchyard.Models.Files;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The report of a comparison, or of one trained model as a comparison of one row: a single HTML file that needs no network.</summary>
public static class CompareReport
{
    /// <summary>Writes the report to a file, whole or not at all.</summary>
    /// <exception cref="ArgumentException">The result has no rows.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(CompareResult result, string path)
    {
        byte[] html = Encoding.UTF8.GetBytes(Render(result));
        AtomicFile.Write(path, stream => stream.Write(html));
    }

    /// <summary>The report as HTML text, about 4 MB, nearly all of it plotly.js.</summary>
    /// <exception cref="ArgumentException">The result has no rows.</exception>
    public static string Render(CompareResult result) => Page(result, ReportAssets.Plotly());

    /// <summary>The page around a given charting script.</summary>
    internal static string Page(CompareResult result, string plotly)
    {
        if (result.Rows.Count == 0)
        {
            throw new ArgumentException("a report needs at least one row; the comparison has none", nameof(result));
        }

        return ReportPage.Of(result, plotly).Html;
    }
}
