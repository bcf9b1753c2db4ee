namespace Switchyard.Models.Files;

/// <summary>Finds the folder that holds a model's files: the path itself, or, in a hub cache's <c>models--org--name</c>, the snapshot that <c>refs/main</c> names.</summary>
public static class HubFolder
{
    private const int LongestName = 255;

    /// <summary>The folder with the files.</summary>
    /// <param name="path">A folder with a <c>config.json</c>, or one with <c>snapshots/</c>.</param>
    /// <exception cref="CheckpointFormatException">It is a repository's folder in a hub cache without a snapshot that could be meant.</exception>
    public static string Resolve(string path)
    {
        string snapshots = Path.Combine(path, "snapshots");
        if (File.Exists(Path.Combine(path, "config.json")) || !Directory.Exists(snapshots))
        {
            return path;
        }

        string reference = Path.Combine(path, "refs", "main");
        if (!File.Exists(reference))
        {
            string[] all = Directory.GetDirectories(snapshots);
            return all is [string only]
                ? only
                : throw new CheckpointFormatException(path, null, $"there is no refs/main and there are {all.Length} snapshots; name one of snapshots/.");
        }

        string name = new FileInfo(reference).Length <= LongestName ? File.ReadAllText(reference).Trim() : string.Empty;
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || name is "." or "..")
        {
            throw new CheckpointFormatException(reference, null, "it does not hold the name of a snapshot.");
        }

        string snapshot = Path.Combine(snapshots, name);
        return Directory.Exists(snapshot)
            ? snapshot
            : throw new CheckpointFormatException(reference, null, $"it names the snapshot '{name}', which is not in snapshots/: the download is not complete.");
    }
}
