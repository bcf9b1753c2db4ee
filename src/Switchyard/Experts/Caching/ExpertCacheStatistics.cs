namespace Switchyard.Experts.Caching;

/// <summary>What a cache of experts has done so far.</summary>
/// <param name="Hits">Experts of layers that were run and were in memory, or on the way there.</param>
/// <param name="Misses">Experts of layers that were run and had to be read first.</param>
/// <param name="BytesRead">Bytes that were read.</param>
public sealed record ExpertCacheStatistics(long Hits, long Misses, long BytesRead)
{
    /// <summary>Hits ÷ (hits + misses), 0 to 1; 0 before the first run.</summary>
    public double HitRate => Hits + Misses == 0 ? 0 : (double)Hits / (Hits + Misses);

    /// <summary>Bytes that the cache may take, <see cref="ExpertCache.Bytes"/>.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>Bytes that it has taken; they are kept until the cache is disposed.</summary>
    public required long UsedBytes { get; init; }

    /// <summary>Experts that it holds at most.</summary>
    public required int Slots { get; init; }
}
