using Switchyard.Experts;

namespace Switchyard.Training.Benchmarks;

/// <summary>Torch's own ways of running experts, which every executor is compared with in the same run.</summary>
internal static class TorchPeers
{
    private static readonly string[] Names = ["sequential", "grouped-mm"];

    /// <summary>The executors to time: those asked for, or all, and the peers.</summary>
    public static string[] WithPeers(IReadOnlyList<string> asked) =>
        [.. Executors.All.Names.Where(n => asked.Count == 0 || asked.Contains(n) || Names.Contains(n))];

    /// <summary>Whether a name is that of a peer.</summary>
    public static bool IsPeer(string name) => Names.Contains(name);

    /// <summary>Index of the fastest peer.</summary>
    public static int Best(string[] names, double[] times) =>
        Enumerable.Range(0, names.Length).Where(i => Names.Contains(names[i])).MinBy(i => times[i]);
}
