namespace Switchyard.Training.Results;

/// <summary>A registered router that has no row.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why it cannot be put into the model.</param>
public sealed record LeftOutRouter(string Name, string Reason);
