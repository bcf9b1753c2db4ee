using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Peers.Results;

/// <summary>The machine of a run.</summary>
/// <param name="Processor">The processor's name.</param>
/// <param name="Instructions">The widest vector instructions, and those for bf16 and int8 that the kernels use.</param>
/// <param name="Threads">Threads of every competitor.</param>
/// <param name="Runtime">.NET version.</param>
internal sealed record Machine(string Processor, string Instructions, int Threads, string Runtime)
{
    private const string ProcessorFile = "/proc/cpuinfo";

    /// <summary>This machine.</summary>
    public static Machine Here(int threads) => new(Name(), Widest(), threads, RuntimeInformation.FrameworkDescription);

    private static string Widest() => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "no AVX2";

    private static string Name() =>
        File.Exists(ProcessorFile) && File.ReadLines(ProcessorFile).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            : RuntimeInformation.ProcessArchitecture.ToString();
}
