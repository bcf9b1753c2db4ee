namespace Switchyard.Experts;

/// <summary>An entry of an <see cref="ExecutorTable"/>.</summary>
/// <param name="Executor">The executor that was fastest.</param>
/// <param name="At">Where it was.</param>
public sealed record ExecutorChoice(string Executor, ExecutorSituation At);
