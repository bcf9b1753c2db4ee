namespace Switchyard.Tests.Routing;

/// <summary>The golden files of routers by what they hold, so that a test is made of each file that concerns it.</summary>
internal static class RouterFiles
{
    public const string Folder = "routers";

    /// <summary>The files that hold a tensor, or one placeholder that is skipped where there are none.</summary>
    public static TheoryData<string> With(string tensor)
    {
        string[] files = Golden.Folder(Folder) is { } path
            ? [.. Directory.GetFiles(path, "*.safetensors").Where(f => GoldenFile.Read(f).Has(tensor)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)]
            : [];
        return files.Length > 0 ? [.. files] : [""];
    }
}
