namespace Switchyard.Training.Results;

/// <summary>A run of a row that did not end: three steps in a row gave no finite loss or gradient.</summary>
/// <param name="Name">Name of the row.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Reason">What happened, at which step.</param>
public sealed record DivergedRow(string Name, long Seed, string Reason);
