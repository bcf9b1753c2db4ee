using System.Diagnostics;
using Switchyard.Models.Files;

namespace Switchyard.Fuzz.Targets;

/// <summary>A reader of files, and damaged files for it: each is read, or refused with a reason, within bounds of time and memory, and nothing else happens.</summary>
internal abstract class FuzzTarget
{
    private const double LongestMilliseconds = 500;
    private const double LongestPause = 30_000;
    private const long MostAllocated = 64L << 20;
    private const long MostResident = 512L << 20;
    private const int Attempts = 3;
    private static readonly string[] Architectures = ["bert", "deepseek_v3-fp8", "mixtral-awq-int4", "olmoe", "qwen2_moe-gptq-int4-actorder", "qwen3_moe-gptq-int4"];

    /// <summary>All targets by name; each is made with a folder of its own, which is there.</summary>
    public static IReadOnlyDictionary<string, Func<string, FuzzTarget>> All { get; } = new SortedDictionary<string, Func<string, FuzzTarget>>(Targets(), StringComparer.Ordinal);

    /// <summary>A valid file with a few changes.</summary>
    public abstract byte[] Mutated(Random random);

    /// <summary>Whether a file was read; if not, it was refused with a reason. Whatever else happens comes out as an exception, a bound that was passed too.</summary>
    /// <remarks>Time is that of the clock or of the processor, whichever is less, since neither what else the machine does nor what else the process does is the file's fault; it is over a bound where it is so each of three times.</remarks>
    public bool Reads(byte[] file)
    {
        for (int attempt = 1; ; attempt++)
        {
            (long started, TimeSpan busy, long allocated, long resident) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread(), Environment.WorkingSet);
            bool read = ReadsOnce(file);
            double elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            double milliseconds = Math.Min(elapsed, (Environment.CpuUsage.TotalTime - busy).TotalMilliseconds);
            (allocated, resident) = (GC.GetAllocatedBytesForCurrentThread() - allocated, Environment.WorkingSet - resident);
            if (milliseconds <= LongestMilliseconds && elapsed <= LongestPause && allocated <= MostAllocated && resident <= MostResident)
            {
                return read;
            }

            if (attempt == Attempts)
            {
                throw new InvalidOperationException($"{(read ? "read" : "refused")} after {milliseconds:N0} ms of {elapsed:N0}, {allocated:N0} bytes allocated, {resident:N0} more bytes resident; the bounds are {LongestMilliseconds:N0} ms of {LongestPause:N0}, {MostAllocated:N0} and {MostResident:N0} bytes");
            }
        }
    }

    protected abstract void Read(byte[] file);

    private bool ReadsOnce(byte[] file)
    {
        try
        {
            Read(file);
            return true;
        }
        catch (CheckpointFormatException e) when (e.Reason.Length > 0)
        {
            return false;
        }
    }

    private static Dictionary<string, Func<string, FuzzTarget>> Targets()
    {
        Dictionary<string, Func<string, FuzzTarget>> targets = new(StringComparer.Ordinal)
        {
            ["safetensors"] = folder => new SafetensorsTarget(folder),
            ["config.json"] = folder => new CheckpointTarget(folder, "config.json"),
            ["generation_config.json"] = folder => new CheckpointTarget(folder, "generation_config.json"),
            ["model.safetensors.index.json"] = folder => new CheckpointTarget(folder, "model.safetensors.index.json"),
        };
        foreach (string kind in TokenizerBases.All.Keys)
        {
            targets[$"tokenizer.json/{kind}"] = folder => new TokenizerTarget(folder, kind);
        }

        foreach (string architecture in Architectures)
        {
            targets[$"config.json/{architecture}"] = folder => new CheckpointTarget(folder, "config.json", architecture);
        }

        return targets;
    }
}
