namespace Switchyard.Training.Reporting;

/// <summary>One thing that the numbers say.</summary>
/// <param name="Label">What it is about, in a few words.</param>
/// <param name="Text">The sentence or two.</param>
internal sealed record Finding(string Label, Markup Text);
