using Switchyard.Models.Files;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.CommandLine;

/// <summary>Files that a verb is told to write.</summary>
internal static class OutputFile
{
    /// <summary>Sees that a file can be written, before the work whose result it takes; nothing is left where nothing was.</summary>
    /// <exception cref="ConfigurationException">It cannot.</exception>
    public static void RequireWritable(string option, string file)
    {
        string full = Path.GetFullPath(file);
        if (AtomicFile.IsDevice(full))
        {
            return;
        }

        if (Directory.Exists(full))
        {
            throw new ConfigurationException($"{option} {file}: a folder is there");
        }

        if (Path.GetDirectoryName(full) is not { } folder || !Directory.Exists(folder))
        {
            throw new ConfigurationException($"{option} {file}: there is no folder '{Path.GetDirectoryName(full)}'");
        }

        new RunFolder(folder).RequireWritable();
    }
}
