namespace Switchyard.Metrics;

/// <summary>Hit rates of a cache of some size.</summary>
/// <param name="Slots">Slots of the cache, m.</param>
/// <param name="Lru">Where the least recently used slot leaves.</param>
/// <param name="Lfu">Where the least frequently used slot leaves.</param>
/// <param name="Belady">Where the slot leaves that is needed last: the optimum.</param>
public readonly record struct CachePoint(int Slots, double Lru, double Lfu, double Belady);
