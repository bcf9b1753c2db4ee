namespace Switchyard.Models.Files;

/// <summary>Writes a folder so that its name never stands for half of it: its files are written to a temporary folder beside it, which takes its place. What is left of the temporary one goes when this is disposed, and what a process that was killed has left goes when the same folder is written again.</summary>
public sealed class AtomicFolder : IDisposable
{
    private const string End = ".tmp";
    private readonly string _path;
    private readonly string _temporary;
    private readonly FolderLock _lock;

    /// <summary>Makes the temporary folder, <c>NAME.….tmp</c>, and removes those of the same name whose process has ended.</summary>
    /// <param name="path">The folder's full path.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public AtomicFolder(string path)
    {
        _path = Path.TrimEndingDirectorySeparator(path);
        _temporary = $"{_path}.{Guid.NewGuid():N}{End}";
        try
        {
            RemoveAbandoned();
            Directory.CreateDirectory(_temporary);
            _lock = new FolderLock(_temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(_temporary);
            throw new IOException($"Cannot write '{path}': {e.Message}", e);
        }
    }

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
    public void Place()
    {
        _lock.Dispose();
        Directory.Move(_temporary, _path);
    }

    /// <summary>One file takes its place in a folder that is there already.</summary>
    public void Place(string name) => File.Move(Temporary(name), Path.Combine(_path, name), overwrite: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock.Dispose();
        if (Directory.Exists(_temporary))
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    private void RemoveAbandoned()
    {
        string start = $"{_path}.";
        if (Path.GetDirectoryName(_path) is not { } parent || !Directory.Exists(parent))
        {
            return;
        }

        foreach (string folder in Directory.EnumerateDirectories(parent).Where(f => f.StartsWith(start, StringComparison.Ordinal) && f.EndsWith(End, StringComparison.Ordinal) && f.Length == _temporary.Length))
        {
            if (FolderLock.IsAbandoned(folder))
            {
                Remove(folder);
            }
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left behind: it has a name that nobody reads.
        }
    }
}
