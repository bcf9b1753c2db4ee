using static TorchSharp.torch;

namespace Switchyard.Training.Optimization;

/// <summary>Our own loops use as many threads as torch was told to.</summary>
internal static class Threads
{
    public static ParallelOptions Options => new() { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) };
}
