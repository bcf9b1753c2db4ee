using TorchSharp;

namespace Switchyard.Native;

/// <summary>The native library of the TorchSharp package for Linux, as this test application carries it.</summary>
internal static class TorchSharpLibrary
{
    public static string Path { get; } = NativeFolders.Find("libLibTorchSharp.so", NativeFolders.Of(typeof(torch).Assembly)) ?? "";

    public static string Require()
    {
        Assert.SkipUnless(Path.Length > 0, "This application does not carry TorchSharp's library for Linux.");
        return Path;
    }
}
