namespace Switchyard.Models.Files;

/// <summary>Writes a file so that its name never stands for half of it: a temporary file in the same folder is written, put on the disk and renamed. A link stays, and what it points to is replaced; a device such as <c>/dev/stdout</c> is written as it is.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file, replacing the one of that name.</summary>
    /// <param name="path">Its path; a missing folder is made.</param>
    /// <param name="write">Writes the content; need not flush.</param>
    /// <param name="length">Bytes that will be written, if known: a disk that cannot hold them is found full at once.</param>
    /// <exception cref="IOException">The folder cannot be written, or the disk is full. The file of that name, if there was one, is as before.</exception>
    public static void Write(string path, Action<Stream> write, long length = 0)
    {
        path = Path.GetFullPath(path);
        if (IsDevice(path))
        {
            WriteDevice(path, write);
            return;
        }

        path = Target(path);
        string temporary = Path.Combine(Path.GetDirectoryName(path) ?? path, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(temporary)!);
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 16, PreallocationSize = length }))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (IsOfDisk(e))
        {
            Remove(temporary);
            throw new IOException($"Cannot write '{path}': {e.Message}", e);
        }
        catch
        {
            Remove(temporary);
            throw;
        }
    }

    /// <summary>Writes a text file in UTF-8, replacing the one of that name.</summary>
    /// <exception cref="IOException">As above.</exception>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Copies a file, replacing the one of that name.</summary>
    /// <exception cref="IOException">As above, or what is copied cannot be read.</exception>
    public static void Copy(string from, string to)
    {
        using FileStream source = File.OpenRead(from);
        Write(to, source.CopyTo, source.Length);
    }

    /// <summary>Whether a full path names a device, which is written as it is.</summary>
    public static bool IsDevice(string path) => !OperatingSystem.IsWindows() && path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal);

    private static void WriteDevice(string path, Action<Stream> write)
    {
        try
        {
            using var device = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write });
            write(device);
        }
        catch (Exception e) when (IsOfDisk(e))
        {
            throw new IOException($"Cannot write '{path}': {e.Message}", e);
        }
    }

    /// <summary>What a path stands for, links followed.</summary>
    private static string Target(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            return path;
        }
    }

    /// <summary>A length beyond what the file system or a limit of the process allows comes as an argument out of range.</summary>
    private static bool IsOfDisk(Exception error) => error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error says more.
        }
    }
}
