using Switchyard.Experts.Caching;

namespace Switchyard.Training.Reporting;

/// <summary>What a cache of experts did, in words.</summary>
public static class ExpertCacheText
{
    /// <summary>A sentence: hits, misses, hit rate, bytes read, and the memory it was given and took.</summary>
    /// <param name="statistics">What it did.</param>
    public static string Of(ExpertCacheStatistics statistics) =>
        $"{Figures.Count(statistics.Hits)} hits and {Figures.Count(statistics.Misses)} misses, {Figures.Fixed(statistics.HitRate * 100, 1)} % hits; {Megabytes(statistics.BytesRead)} read; {Megabytes(statistics.UsedBytes)} used of {Megabytes(statistics.CacheBytes)}, room for {Figures.Count(statistics.Slots)} experts";

    private static string Megabytes(long bytes) => $"{Figures.Fixed(bytes / 1e6, 1)} MB";
}
