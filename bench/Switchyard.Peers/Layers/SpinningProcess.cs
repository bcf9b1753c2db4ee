using System.Diagnostics;
using System.Text.Json;
using Switchyard.Peers.Results;

namespace Switchyard.Peers.Layers;

/// <summary>
/// The layers of torch and ggml in a process of their own. Both run on OpenMP, whose threads spin for some milliseconds when a region ends: without it the two are up to four times as slow with
/// few tokens, and with it Switchyard's layer, which leaves the router to torch, loses a core to them. A process has one policy for all.
/// </summary>
internal static class SpinningProcess
{
    /// <summary>What the names of torch's layers begin with.</summary>
    public const string Torch = "torch";

    /// <summary>What the names of ggml's layers begin with.</summary>
    public const string Ggml = "ggml";

    /// <summary>Whether a name is that of one of them.</summary>
    public static bool Holds(string name) => name.StartsWith(Torch, StringComparison.Ordinal) || name.StartsWith(Ggml, StringComparison.Ordinal);

    /// <summary>Times them.</summary>
    /// <param name="arguments">Options of <c>layer</c>.</param>
    public static LayerResult Run(string[] arguments)
    {
        string file = Path.GetTempFileName();
        try
        {
            using Process process = OwnProcess.Start(["layer", .. arguments, "--spinning", "--json", file]);
            process.WaitForExit();
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize<LayerResult>(File.ReadAllText(file), JsonFile.Options)!
                : throw new InvalidOperationException($"the process of torch and ggml ended with {process.ExitCode}");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
