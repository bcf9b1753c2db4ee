namespace Switchyard.Models.Files;

/// <summary>Writes a folder so that its name never stands for half of it: its files are written to a temporary folder beside it, which takes its place. What is left of the temporary one goes when this is disposed.</summary>
/// <param name="path">The folder's full path.</param>
internal sealed class AtomicFolder(string path) : IDisposable
{
    private readonly string _temporary = $"{Path.TrimEndingDirectorySeparator(path)}.{Guid.NewGuid():N}.tmp";

    /// <summary>The full path of a folder that is to be made.</summary>
    /// <exception cref="IOException">Something is there already.</exception>
    public static string RequireNew(string path)
    {
        path = Path.GetFullPath(path);
        return Path.Exists(path) ? throw new IOException($"'{path}' is there already; name a folder that is not") : path;
    }

    /// <summary>Where a file of the folder is to be written.</summary>
    public string Temporary(string name) => Path.Combine(_temporary, name);

    /// <summary>The folder takes its place, where there must be none.</summary>
    public void Place() => Directory.Move(_temporary, path);

    /// <summary>One file takes its place in a folder that is there already.</summary>
    public void Place(string name) => File.Move(Temporary(name), Path.Combine(path, name), overwrite: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(_temporary))
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }
}
