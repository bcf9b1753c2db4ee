namespace Switchyard.Training.Corpora;

/// <summary>Makes the folder of a packed corpus: written beside its place, put on the disk and renamed, so that a reader sees all of it or none.</summary>
internal static class PackedFolder
{
    /// <summary>The environment variable that names another place for packed corpora.</summary>
    public const string Variable = "SWITCHYARD_CORPORA";

    /// <summary>Days after its last use that a packed corpus is kept.</summary>
    public const int DaysKept = 30;

    /// <summary>Where packed corpora are kept unless told otherwise.</summary>
    public static string Default
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            {
                return Path.GetFullPath(named);
            }

            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            string root = Path.IsPathFullyQualified(cache ?? "") ? cache!
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : home.Length > 0 ? Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache")
                : Path.GetTempPath();
            return Path.Combine(root, "switchyard", "corpora");
        }
    }

    /// <summary>Opens <paramref name="name"/> within a folder, making it first where it is missing or damaged.</summary>
    /// <param name="folder">The folder that keeps packed corpora.</param>
    /// <param name="name">Name of the packed corpus.</param>
    /// <param name="open">Opens a finished folder; null where it is missing or damaged.</param>
    /// <param name="write">Writes the files into an empty folder.</param>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full.</exception>
    public static PackedCorpus Make(string folder, string name, Func<string, PackedCorpus?> open, Action<string> write)
    {
        string target = Path.Combine(folder, name);
        if (open(target) is PackedCorpus packed)
        {
            Touch(target);
            return packed;
        }

        string temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(temporary);
            RemoveOld(folder);
            write(temporary);
            return Publish(temporary, target, open);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot write the packed corpus to '{folder}': {e.Message}", e);
        }
        finally
        {
            Remove(temporary);
        }
    }

    /// <summary>Gives the finished folder its name; another process may have been first with the same.</summary>
    private static PackedCorpus Publish(string temporary, string target, Func<string, PackedCorpus?> open)
    {
        try
        {
            Directory.Move(temporary, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            if (open(target) is PackedCorpus other)
            {
                return other;
            }

            Remove(target);
            Directory.Move(temporary, target);
        }

        return open(target) ?? throw new IOException($"'{target}' cannot be read back after it was written.");
    }

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left behind: it has a name that nobody reads.
        }
    }

    /// <summary>The time of change of a folder is that of its last use.</summary>
    private static void Touch(string folder)
    {
        try
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is removed a little early then, and made again when it is wanted.
        }
    }

    /// <summary>Removes what a killed process left behind a day ago or longer, and what nobody has used for <see cref="DaysKept"/> days.</summary>
    private static void RemoveOld(string folder)
    {
        string name = new('?', 32);
        foreach ((string pattern, int days) in ((string, int)[])[($".{name}.{name}", 1), (name, DaysKept)])
        {
            foreach (string old in Directory.EnumerateDirectories(folder, pattern))
            {
                if (Path.GetFileName(old).Split('.', StringSplitOptions.RemoveEmptyEntries).All(part => part.All(char.IsAsciiHexDigitLower)) && Directory.GetLastWriteTimeUtc(old) < DateTime.UtcNow.AddDays(-days))
                {
                    Remove(old);
                }
            }
        }
    }
}
