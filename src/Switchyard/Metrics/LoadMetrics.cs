using System.Numerics;

namespace Switchyard.Metrics;

/// <summary>How even a load is: pure functions of the pairs n [E] that each of E experts received, or of its soft load (sums of combine weights).</summary>
/// <remarks>
/// Integers and doubles only. Where nothing was sent (Σ n = 0) no expert differs from another, so that the measures of deviation
/// are at their even value (Gini, CV and MaxVio 0, imbalance cost 1), while every expert is idle (min-max, entropy and utilisation 0).
/// A single expert (E = 1) that receives anything is even: Gini 0, min-max 1, load entropy 1.
/// </remarks>
public static class LoadMetrics
{
    /// <summary>Gini coefficient Σ_i (2i − E − 1)·n_(i) ÷ (E·Σ n), n ascending, i from 1: 0 for an even load, (E − 1)/E where one expert takes all.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <exception cref="ArgumentException">The load is empty or an entry is negative.</exception>
    public static double Gini(ReadOnlySpan<long> load) => Gini<long, Int128>(load);

    /// <inheritdoc cref="Gini(ReadOnlySpan{long})"/>
    public static double Gini(ReadOnlySpan<double> load) => Gini<double, double>(load);

    /// <summary>Least over most used expert, min n ÷ max n: 1 for an even load, 0 where an expert is idle.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <exception cref="ArgumentException">The load is empty or an entry is negative.</exception>
    public static double MinMax(ReadOnlySpan<long> load) => MinMax<long>(load);

    /// <inheritdoc cref="MinMax(ReadOnlySpan{long})"/>
    public static double MinMax(ReadOnlySpan<double> load) => MinMax<double>(load);

    /// <summary>Coefficient of variation, population standard deviation ÷ mean: 0 for an even load, √(E − 1) where one expert takes all.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <exception cref="ArgumentException">The load is empty or an entry is negative.</exception>
    public static double Cv(ReadOnlySpan<long> load) => Cv<long, Int128>(load);

    /// <inheritdoc cref="Cv(ReadOnlySpan{long})"/>
    public static double Cv(ReadOnlySpan<double> load) => Cv<double, double>(load);

    /// <summary>Violation of balance by the most used expert, max n ÷ mean n − 1: 0 for an even load, E − 1 where one expert takes all.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <exception cref="ArgumentException">The load is empty or an entry is negative.</exception>
    public static double MaxVio(ReadOnlySpan<long> load) => MaxVio<long, Int128>(load);

    /// <inheritdoc cref="MaxVio(ReadOnlySpan{long})"/>
    public static double MaxVio(ReadOnlySpan<double> load) => MaxVio<double, double>(load);

    /// <summary>Entropy of the load, −Σ q ln q ÷ ln E with q = n ÷ Σ n: 1 for an even load, 0 where one expert takes all.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <exception cref="ArgumentException">The load is empty or an entry is negative.</exception>
    public static double LoadEntropy(ReadOnlySpan<long> load) => LoadEntropy<long, Int128>(load);

    /// <inheritdoc cref="LoadEntropy(ReadOnlySpan{long})"/>
    public static double LoadEntropy(ReadOnlySpan<double> load) => LoadEntropy<double, double>(load);

    /// <summary>Share of experts used at all.</summary>
    /// <param name="load">Pairs an expert [E].</param>
    /// <exception cref="ArgumentException">The load is empty or an entry is negative.</exception>
    public static double Utilisation(ReadOnlySpan<long> load) => Utilisation<long>(load);

    /// <inheritdoc cref="Utilisation(ReadOnlySpan{long})"/>
    public static double Utilisation(ReadOnlySpan<double> load) => Utilisation<double>(load);

    /// <summary>What an uneven load costs where experts lie on D devices: the load of the busiest device ÷ the mean over devices, 1 for none and D for all on one.</summary>
    /// <remarks>Device i holds a contiguous block of experts; where D does not divide E, the first E mod D devices hold one more than the rest.</remarks>
    /// <param name="load">Pairs an expert [E].</param>
    /// <param name="devices">Devices D, at least 1; more than E leaves devices without experts.</param>
    /// <exception cref="ArgumentException">The load is empty, an entry is negative, or there is no device.</exception>
    public static double ImbalanceCost(ReadOnlySpan<long> load, int devices) => ImbalanceCost<long, Int128>(load, devices);

    /// <inheritdoc cref="ImbalanceCost(ReadOnlySpan{long}, int)"/>
    public static double ImbalanceCost(ReadOnlySpan<double> load, int devices) => ImbalanceCost<double, double>(load, devices);

    internal static double Gini<T, TSum>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum>
    {
        TSum total = Total<T, TSum>(load);
        if (TSum.IsZero(total))
        {
            return 0;
        }

        T[] ascending = load.ToArray();
        Array.Sort(ascending);

        // The i-th smallest and the i-th largest have opposite factors: their differences are never negative and exactly 0 when equal.
        TSum weighted = TSum.Zero;
        for (int low = 0, high = ascending.Length - 1; low < high; low++, high--)
        {
            TSum gap = TSum.CreateChecked(ascending[high]) - TSum.CreateChecked(ascending[low]);
            weighted += TSum.CreateChecked(high - low) * gap;
        }

        return double.CreateChecked(weighted) / (load.Length * double.CreateChecked(total));
    }

    internal static double MinMax<T>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
    {
        Check(load);
        T min = load[0];
        T max = load[0];
        foreach (T n in load)
        {
            min = T.Min(min, n);
            max = T.Max(max, n);
        }

        return T.IsZero(max) ? 0 : double.CreateChecked(min) / double.CreateChecked(max);
    }

    internal static double Cv<T, TSum>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum>
    {
        TSum total = Total<T, TSum>(load);
        if (TSum.IsZero(total))
        {
            return 0;
        }

        TSum experts = TSum.CreateChecked(load.Length);
        double squares = 0;
        foreach (T n in load)
        {
            double deviation = double.CreateChecked((experts * TSum.CreateChecked(n)) - total) / double.CreateChecked(total);
            squares += deviation * deviation;
        }

        return Math.Sqrt(squares / load.Length);
    }

    internal static double MaxVio<T, TSum>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum> =>
        ImbalanceCost<T, TSum>(load, Math.Max(1, load.Length)) - 1;

    internal static double LoadEntropy<T, TSum>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum>
    {
        double total = double.CreateChecked(Total<T, TSum>(load));
        if (total == 0)
        {
            return 0;
        }

        if (load.Length == 1)
        {
            return 1;
        }

        double entropy = 0;
        foreach (T n in load)
        {
            double q = double.CreateChecked(n) / total;
            entropy -= q > 0 ? q * Math.Log(q) : 0;
        }

        return Math.Clamp(entropy / Math.Log(load.Length), 0, 1);
    }

    internal static double Utilisation<T>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
    {
        Check(load);
        int used = 0;
        foreach (T n in load)
        {
            used += n > T.Zero ? 1 : 0;
        }

        return (double)used / load.Length;
    }

    internal static double ImbalanceCost<T, TSum>(ReadOnlySpan<T> load, int devices)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(devices, 1);
        TSum total = Total<T, TSum>(load);
        if (TSum.IsZero(total))
        {
            return 1;
        }

        (int size, int larger) = Math.DivRem(load.Length, devices);
        TSum busiest = TSum.Zero;
        for (int device = 0, next = 0; next < load.Length; device++)
        {
            int experts = size + (device < larger ? 1 : 0);
            busiest = TSum.Max(busiest, Total<T, TSum>(load.Slice(next, experts)));
            next += experts;
        }

        return double.CreateChecked(busiest * TSum.CreateChecked(devices)) / double.CreateChecked(total);
    }

    private static TSum Total<T, TSum>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
        where TSum : struct, INumber<TSum>
    {
        Check(load);
        TSum total = TSum.Zero;
        foreach (T n in load)
        {
            total += TSum.CreateChecked(n);
        }

        return total;
    }

    private static void Check<T>(ReadOnlySpan<T> load)
        where T : struct, INumber<T>
    {
        if (load.IsEmpty)
        {
            throw new ArgumentException("a load needs at least one expert", nameof(load));
        }

        foreach (T n in load)
        {
            if (n < T.Zero)
            {
                throw new ArgumentException($"a load cannot be negative, but holds {n}", nameof(load));
            }
        }
    }
}
