using System.Security;

namespace Switchyard.Training.Corpora;

/// <summary>The files of a corpus: which there are, and opening them with errors for people.</summary>
internal static class CorpusFiles
{
    public static bool IsJsonLines(string path) =>
        Path.GetExtension(path) is string e && (e.Equals(".jsonl", StringComparison.OrdinalIgnoreCase) || e.Equals(".ndjson", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The file itself, or every file below a folder in ordinal order of path. Hidden entries, empty files and links to folders are passed over:
    /// following such links could go round for ever. What has no length (pipes, devices) counts as empty.
    /// </summary>
    public static IReadOnlyList<string> List(string path)
    {
        List<string> files = [];
        try
        {
            if (Directory.Exists(path))
            {
                Collect(new DirectoryInfo(Path.GetFullPath(path)), files);
            }
            else if (!File.Exists(path))
            {
                throw new CorpusException($"There is no file or folder '{path}'.");
            }
            else if (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is FileSystemInfo target ? target is FileInfo { Length: > 0 } : new FileInfo(path).Length > 0)
            {
                files.Add(Path.GetFullPath(path));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            throw new CorpusException($"Cannot read '{path}': {e.Message}", e);
        }

        if (files.Count == 0)
        {
            throw new CorpusException($"'{path}' is empty: there is no text in it.");
        }

        files.Sort(string.CompareOrdinal);
        return files;
    }

    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan, Share = FileShare.Read });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            throw new CorpusException($"Cannot read '{path}': {e.Message}", e);
        }
    }

    private static void Collect(DirectoryInfo root, List<string> files)
    {
        var pending = new Stack<DirectoryInfo>([root]);
        while (pending.TryPop(out DirectoryInfo? folder))
        {
            foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
            {
                bool link = entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
                if (entry.Name.StartsWith('.'))
                {
                    continue;
                }

                if (entry is DirectoryInfo child)
                {
                    if (!link)
                    {
                        pending.Push(child);
                    }
                }
                else if ((link ? Target(entry) : entry) is FileInfo { Exists: true, Length: > 0 })
                {
                    files.Add(entry.FullName);
                }
            }
        }
    }

    private static FileSystemInfo? Target(FileSystemInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
