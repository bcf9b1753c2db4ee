using System.Globalization;
using System.Runtime.InteropServices;

namespace Switchyard.Training.Corpora;

/// <summary>
/// The XML documentation that comes with the running .NET SDK (<c>packs/*/*/ref/net*/*.xml</c>), turned into text, one domain an assembly: real English
/// and code on every machine that can build this project. Of several versions of a pack, and of several target frameworks, the newest is read; of an assembly that several packs document, the last pack by name.
/// </summary>
public sealed class SdkDocumentationCorpus : ICorpus
{
    /// <summary>Reads below a given .NET installation.</summary>
    /// <param name="dotnetRoot">The folder that holds <c>packs</c>.</param>
    /// <exception cref="CorpusException">There is no documentation below it.</exception>
    public SdkDocumentationCorpus(string dotnetRoot)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetFullPath(dotnetRoot), "packs");
        Files = List(Path);
        if (Files.Count == 0)
        {
            throw new CorpusException($"There is no XML documentation in '{Path}' (packs/*/*/ref/net*/*.xml). Install the .NET SDK, or name a text file or folder.");
        }
    }

    /// <inheritdoc/>
    public string Name => "documentation of the .NET SDK";

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Format => "sdk-docs/1";

    /// <inheritdoc/>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Finds the SDK: by the running runtime, <c>DOTNET_ROOT</c>, <c>dotnet</c> on the path, and the usual folders.</summary>
    /// <exception cref="CorpusException">None of them holds documentation.</exception>
    public static SdkDocumentationCorpus Find()
    {
        string[] roots = [.. Roots().Where(r => r.Length > 0).Select(System.IO.Path.GetFullPath).Distinct()];
        string? root = roots.FirstOrDefault(r => List(System.IO.Path.Combine(r, "packs")).Count > 0);
        return root is not null
            ? new SdkDocumentationCorpus(root)
            : throw new CorpusException($"The .NET SDK's documentation is not found (looked for packs/*/*/ref/net*/*.xml in {string.Join(", ", roots)}). Install the .NET SDK, set DOTNET_ROOT, or name a text file or folder.");
    }

    /// <inheritdoc/>
    public IEnumerable<Document> Read(CancellationToken cancellationToken = default)
    {
        foreach (string file in Files)
        {
            foreach (Document document in XmlDocumentation.Read(file, System.IO.Path.GetFileNameWithoutExtension(file)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return document;
            }
        }
    }

    private static IEnumerable<string> Roots()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/
        yield return System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..");
        yield return Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "";
        string executable = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var file = new FileInfo(System.IO.Path.Combine(folder, executable));
            if (file.Exists)
            {
                yield return System.IO.Path.GetDirectoryName(Resolve(file)) ?? "";
            }
        }

        yield return "/usr/share/dotnet";
        yield return "/usr/lib/dotnet";
        yield return "/usr/local/share/dotnet";
        yield return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
        yield return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet");
    }

    private static string Resolve(FileInfo file)
    {
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
        }
        catch (IOException)
        {
            return file.FullName;
        }
    }

    private static List<string> List(string packs)
    {
        List<string> files = [];
        foreach (string pack in Folders(packs))
        {
            string? references = Folders(pack)
                .Select(v => System.IO.Path.Combine(v, "ref"))
                .Where(r => Frameworks(r).Any())
                .MaxBy(r => Version(System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(r)!)));
            if (references is not null)
            {
                files.AddRange(Directory.EnumerateFiles(Frameworks(references).MaxBy(f => Version(System.IO.Path.GetFileName(f)[3..]))!, "*.xml"));
            }
        }

        // Packs repeat each other's assemblies.
        return [.. files.GroupBy(f => System.IO.Path.GetFileName(f), StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Max(StringComparer.Ordinal)!)];
    }

    private static IEnumerable<string> Folders(string path) => Directory.Exists(path) ? Directory.EnumerateDirectories(path) : [];

    private static IEnumerable<string> Frameworks(string references) => Folders(references)
        .Where(f => System.IO.Path.GetFileName(f) is ['n', 'e', 't', >= '0' and <= '9', ..] && Directory.EnumerateFiles(f, "*.xml").Any());

    /// <summary>A version as numbers; a preview comes before its release.</summary>
    private static (int Major, int Minor, int Patch, bool Release, string Label) Version(string text)
    {
        string[] labelled = text.Split('-', 2);
        int[] numbers = [.. labelled[0].Split('.').Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int v) ? v : 0)];
        return (numbers.ElementAtOrDefault(0), numbers.ElementAtOrDefault(1), numbers.ElementAtOrDefault(2), labelled.Length == 1, labelled.ElementAtOrDefault(1) ?? "");
    }
}
