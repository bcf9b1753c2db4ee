using System.Text;
using Switchyard.Models.Files;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The report of a characterisation: a single HTML file that needs no network.</summary>
public static class CharacterizeReport
{
    /// <summary>Writes the report to a file, whole or not at all.</summary>
    /// <exception cref="ArgumentException">The result has no rows.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(CharacterizeResult result, string path)
    {
        byte[] html = Encoding.UTF8.GetBytes(Page(result, ReportAssets.Plotly()));
        AtomicFile.Write(path, stream => stream.Write(html));
    }

    /// <summary>The page around a given charting script.</summary>
    internal static string Page(CharacterizeResult result, string plotly) => result.Rows.Count == 0
        ? throw new ArgumentException("a report needs at least one row; the characterisation has none", nameof(result))
        : CharacterizePage.Of(new CharacterizedRows(result), plotly).Html;
}
