namespace Switchyard.Kernels.FeedForward;

/// <summary>A piece of a stage.</summary>
/// <param name="Kind">What to compute.</param>
/// <param name="Group">Of which group; unused by pieces that go through all groups.</param>
/// <param name="Panel">First panel within the group.</param>
/// <param name="PanelCount">Panels.</param>
/// <param name="From">First feature.</param>
/// <param name="To">One past the last feature.</param>
internal readonly record struct WorkUnit(WorkKind Kind, int Group, int Panel, int PanelCount, int From, int To);
