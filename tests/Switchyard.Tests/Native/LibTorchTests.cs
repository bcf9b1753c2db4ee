using System.Diagnostics;
using static TorchSharp.torch;

namespace Switchyard.Native;

public sealed class LibTorchTests
{
    [Fact]
    public void Torch_computes()
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        Assert.Equal(2f, ones(2).sum().item<float>());
    }

    [Fact]
    public void Preparing_and_loading_again_changes_nothing()
    {
        Parallel.For(0, 8, _ =>
        {
            LibTorch.EnsureLoadable();
            LibTorch.Load();
        });
        using var scope = NewDisposeScope();
        Assert.Equal(3f, ones(3).sum().item<float>());
    }

    [Fact]
    public async Task Two_processes_at_once_share_one_copy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux needs patched copies.");
        string cache = Directory.CreateTempSubdirectory("switchyard-tests-").FullName;
        try
        {
            Process[] processes = [.. Enumerable.Range(0, 2).Select(_ => StartTorchComputes(cache))];
            foreach (Process process in processes)
            {
                string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
                Assert.True(process.ExitCode == 0, output);
                process.Dispose();
            }

            // Where the library loads as it is, there is no copy at all.
            string[] copies = Directory.GetFiles(cache, "*", SearchOption.AllDirectories);
            Assert.InRange(copies.Length, 0, 1);
            Assert.All(copies, copy => Assert.Equal(ElfVersionNeeds.WeakenIdle(File.ReadAllBytes(TorchSharpLibrary.Require())).Patched, File.ReadAllBytes(copy)));
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }

    private static Process StartTorchComputes(string cache)
    {
        string application = Path.ChangeExtension(typeof(LibTorchTests).Assembly.Location, null);
        var start = new ProcessStartInfo(application, ["-method", $"{typeof(LibTorchTests).FullName}.{nameof(Torch_computes)}"]) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment["XDG_CACHE_HOME"] = cache;
        return Process.Start(start)!;
    }
}
