namespace Switchyard.Capacity;

/// <summary>The capacity policies there are.</summary>
public static class CapacityPolicies
{
    /// <summary>All capacity policies by name.</summary>
    public static Catalog<CapacityPolicyEntry> All { get; } = new("capacity policy")
    {
        new CapacityPolicyEntry("none", "dropless: an expert takes all that it is sent", _ => new DroplessPolicy()),
        new CapacityPolicyEntry("position", "drops the later pairs, all first choices before any second", o => new PositionPolicy(o)),
        new CapacityPolicyEntry("probability", "drops the pairs of the lowest weight", o => new ProbabilityPolicy(o)),
        new CapacityPolicyEntry("reroute", "offers overflowing pairs to the token's next best expert with room", o => new ReroutePolicy(o)),
    };
}
