using Switchyard.Metrics;
using Switchyard.Training.Results;

namespace Switchyard.Training.Profiles;

/// <summary>What a load costs on several devices, with experts as they are numbered and placed by their load.</summary>
internal static class ExpertPlacement
{
    /// <summary>The numbers of devices that costs are stated for.</summary>
    public static IReadOnlyList<int> Devices { get; } = [2, 4, 8];

    public static IReadOnlyList<DeviceCost> Costs(IReadOnlyList<long> load) =>
        [.. Devices.Select(d => new DeviceCost(d, LoadMetrics.ImbalanceCost([.. load], d), Placed(load, d)))];

    /// <summary>Mean over layers: a token goes through one layer after another, and waits in each.</summary>
    public static IReadOnlyList<DeviceCost> Mean(IReadOnlyList<ProfileLayer> layers) =>
        [.. Devices.Select((d, i) => new DeviceCost(d, layers.Average(l => l.ImbalanceCost[i].Cost), layers.Average(l => l.ImbalanceCost[i].Placed)))];

    /// <summary>Busiest device ÷ mean, the heaviest experts placed first, each on the device of least load that has room.</summary>
    internal static double Placed(IReadOnlyList<long> load, int devices)
    {
        int room = (load.Count + devices - 1) / devices;
        long[] loads = new long[devices];
        int[] held = new int[devices];
        foreach (long n in load.OrderDescending())
        {
            int best = Enumerable.Range(0, devices).Where(d => held[d] < room).MinBy(d => loads[d]);
            loads[best] += n;
            held[best]++;
        }

        double mean = (double)load.Sum() / devices;
        return mean == 0 ? 1 : loads.Max() / mean;
    }
}
