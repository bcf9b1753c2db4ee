namespace Switchyard.Training.Profiles;

/// <summary>Loss of a window.</summary>
/// <param name="Sum">Sum of −ln p over the scored targets.</param>
/// <param name="Targets">How many there are.</param>
internal readonly record struct WindowLoss(double Sum, int Targets);
