using System.Globalization;
using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Results;

namespace Switchyard.Training.Runs;

/// <summary>The folder of a run: <c>config.json</c>, <c>metrics.jsonl</c>, TensorBoard events, <c>checkpoints/step-N</c>, <c>model</c>, <c>report.html</c>.</summary>
public sealed class RunFolder
{
    /// <summary>Names a folder; nothing is made yet.</summary>
    public RunFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>The configuration, defaults written out.</summary>
    public string ConfigPath => System.IO.Path.Combine(Path, "config.json");

    /// <summary>A line of JSON a logged step.</summary>
    public string MetricsPath => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>The report.</summary>
    public string ReportPath => System.IO.Path.Combine(Path, "report.html");

    /// <summary>The result, as <c>--json</c> gives it.</summary>
    public string ResultPath => System.IO.Path.Combine(Path, "compare.json");

    /// <summary>Where checkpoints lie.</summary>
    public string CheckpointsPath => System.IO.Path.Combine(Path, "checkpoints");

    /// <summary>The trained model, in Hugging Face's layout.</summary>
    public string ModelPath => System.IO.Path.Combine(Path, "model");

    /// <summary>Refuses a folder to write that is there already or cannot be made, before any work is done for it.</summary>
    /// <exception cref="ConfigurationException">It is, or cannot.</exception>
    public static void RequireNew(string path)
    {
        if (System.IO.Path.Exists(path))
        {
            throw new ConfigurationException($"'{path}' is there already; name a folder that is not");
        }

        new RunFolder(path).RequireWritable();
    }

    /// <summary>Refuses a folder that holds anything: what a run writes would mix with it, or replace it.</summary>
    /// <exception cref="ConfigurationException">It does.</exception>
    public void RequireUnused()
    {
        if (File.Exists(Path) || (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any()))
        {
            throw new ConfigurationException(File.Exists(ConfigPath)
                ? $"'{Path}' holds a run already; go on with it by --resume, or name another folder"
                : $"'{Path}' is there already; name a folder that is not, or is empty");
        }
    }

    /// <summary>Sees that the folder can be made and written, and leaves neither it nor those above it where there were none.</summary>
    /// <exception cref="ConfigurationException">It cannot.</exception>
    public void RequireWritable()
    {
        List<string> made = [];
        for (string? folder = Path; folder is not null && !Directory.Exists(folder); folder = System.IO.Path.GetDirectoryName(folder))
        {
            made.Add(folder);
        }

        try
        {
            Create();
        }
        finally
        {
            made.ForEach(DeleteIfEmpty);
        }
    }

    /// <summary>Makes the folder and sees that it can be written.</summary>
    /// <exception cref="ConfigurationException">It cannot.</exception>
    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Path);
            string probe = System.IO.Path.Combine(Path, ".write-test");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"cannot write to '{Path}': {e.Message}", e);
        }
    }

    /// <summary>Writes <c>config.json</c>.</summary>
    public void WriteConfig<T>(T config) =>
        AtomicFile.WriteText(ConfigPath, ConfigFile.Write(config) + "\n");

    /// <summary>Folder of the checkpoint after a step.</summary>
    public string CheckpointPath(int step) => System.IO.Path.Combine(CheckpointsPath, string.Create(CultureInfo.InvariantCulture, $"step-{step}"));

    /// <summary>Steps of the checkpoints that are there, ascending.</summary>
    public IReadOnlyList<int> Checkpoints() =>
        !Directory.Exists(CheckpointsPath)
            ? []
            : [.. Directory.EnumerateDirectories(CheckpointsPath, "step-*")
                .Select(d => int.TryParse(System.IO.Path.GetFileName(d).AsSpan("step-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1)
                .Where(step => step >= 0)
                .Order()];

    /// <summary>Removes all checkpoints but the last ones.</summary>
    internal void RemoveOldCheckpoints(int keep)
    {
        foreach (int step in Checkpoints().SkipLast(keep))
        {
            Directory.Delete(CheckpointPath(step), recursive: true);
        }
    }

    /// <summary>Appends a line to <c>metrics.jsonl</c>.</summary>
    public void AppendMetrics(HistoryPoint point) => File.AppendAllText(MetricsPath, JsonSerializer.Serialize(point, ResultLine.Json) + "\n");

    /// <summary>Reads <c>metrics.jsonl</c> up to a step and cuts off what lies after it, so that a continued run writes each line once. A half-written last line is dropped.</summary>
    public List<HistoryPoint> ContinueMetrics(int step)
    {
        if (!File.Exists(MetricsPath))
        {
            return [];
        }

        List<HistoryPoint> kept = [];
        foreach (string line in File.ReadLines(MetricsPath))
        {
            if (Parse(line) is not { } point || point.Step > step)
            {
                break;
            }

            kept.Add(point);
        }

        AtomicFile.WriteText(MetricsPath, string.Concat(kept.Select(p => JsonSerializer.Serialize(p, ResultLine.Json) + "\n")));
        return kept;
    }

    private static void DeleteIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }

    private static HistoryPoint? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<HistoryPoint>(line, ResultLine.Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
