using System.Text;
using Switchyard.Models.Files;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>The report of a profile: a single HTML file that needs no network.</summary>
public static class ProfileReport
{
    /// <summary>Writes the report to a file, whole or not at all.</summary>
    /// <param name="result">The profile.</param>
    /// <param name="path">Where to write it.</param>
    /// <param name="other">Another profile to show beside it, or null.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(ProfileResult result, string path, ProfileResult? other = null)
    {
        byte[] html = Encoding.UTF8.GetBytes(Render(result, other));
        AtomicFile.Write(path, stream => stream.Write(html));
    }

    /// <summary>The report as HTML text, about 4 MB, nearly all of it plotly.js.</summary>
    public static string Render(ProfileResult result, ProfileResult? other = null) => ProfilePage.Of(result, other, ReportAssets.Plotly()).Html;
}
