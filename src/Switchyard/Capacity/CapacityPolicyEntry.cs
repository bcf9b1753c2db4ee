namespace Switchyard.Capacity;

/// <summary>A registered capacity policy.</summary>
/// <param name="Name">The name in code, JSON and on the command line.</param>
/// <param name="Summary">One sentence about it.</param>
/// <param name="Create">Makes it.</param>
public sealed record CapacityPolicyEntry(string Name, string Summary, Func<CapacityOptions, CapacityPolicy> Create) : ICatalogEntry;
