namespace Switchyard.Experts;

/// <summary>What is known of a registered executor.</summary>
/// <param name="Name">The name used in code, JSON and on the command line.</param>
/// <param name="Summary">One sentence about it.</param>
/// <param name="Make">Makes the executor.</param>
public sealed record ExecutorEntry(string Name, string Summary, Func<ExecutorOptions, ExpertExecutor> Make) : ICatalogEntry
{
    /// <summary>Where it runs.</summary>
    public string Devices { get; init; } = "any device";

    /// <summary>Makes the executor.</summary>
    /// <param name="options">Time or memory; the defaults unless said otherwise.</param>
    public ExpertExecutor Create(ExecutorOptions? options = null) => Make(options ?? new ExecutorOptions());
}
