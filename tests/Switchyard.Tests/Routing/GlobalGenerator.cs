namespace Switchyard.Tests.Routing;

/// <summary>Tests that seed torch's generator, of which a process has one, and need no other test to draw from it meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GlobalGenerator
{
    public const string Name = "torch's global generator";
}
