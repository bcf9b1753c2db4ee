using Switchyard.Metrics;

namespace Switchyard.Training.Results;

/// <summary>Hit rates of an expert cache over a recorded order of requests.</summary>
/// <param name="Slots">Slots in all: (layer, expert) pairs.</param>
/// <param name="Requests">Requests counted; each slot's first is a miss.</param>
/// <param name="Points">Hit rates by size, from 0 to all slots.</param>
public sealed record CacheResult(int Slots, int Requests, IReadOnlyList<CachePoint> Points);
