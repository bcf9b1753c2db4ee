namespace Switchyard.Models.Files;

/// <summary>A file that is held open in a temporary folder for as long as the process that made the folder works there. The system lets go of it when the process ends, however it ends, so that another one can tell.</summary>
internal sealed class FolderLock : IDisposable
{
    private const string Name = ".lock";
    private readonly FileStream _file;

    /// <summary>Holds a folder.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public FolderLock(string folder)
    {
        _file = new FileStream(Path.Combine(folder, Name), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose });
        _file.Write(System.Text.Encoding.UTF8.GetBytes(Environment.MachineName));
        _file.Flush();
    }

    /// <summary>Whether a process of this machine held the folder and ended without letting go of it. One of another machine may share the disk, but not always its locks.</summary>
    public static bool IsAbandoned(string folder)
    {
        string path = Path.Combine(folder, Name);
        try
        {
            using StreamReader file = new(new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, Share = FileShare.None }));
            // Whoever lets go of a folder deletes the file first.
            return file.ReadToEnd() == Environment.MachineName && File.Exists(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
