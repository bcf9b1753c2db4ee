using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Switchyard.Training.Results;

namespace Switchyard.Cli.CommandLine;

/// <summary>Describes the machine that runs.</summary>
internal static class ThisMachine
{
    public static string Version { get; } = VersionOf(typeof(ThisMachine).Assembly);

    public static MachineInfo Describe(int threads, string device) => new(
        RuntimeInformation.OSDescription.Trim(),
        Processor(),
        VectorWidth(),
        threads,
        device,
        RuntimeInformation.FrameworkDescription,
        Version)
    {
        Engine = $"TorchSharp {VersionOf(typeof(TorchSharp.torch).Assembly)}",
    };

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private static string VectorWidth() =>
        Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : AdvSimd.IsSupported ? "NEON" : Vector128.IsHardwareAccelerated ? "128 bit" : "none";

    private static string Processor()
    {
        const string info = "/proc/cpuinfo";
        if (File.Exists(info))
        {
            string? line = File.ReadLines(info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
            if (line is not null)
            {
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            }
        }

        return RuntimeInformation.ProcessArchitecture.ToString();
    }
}
