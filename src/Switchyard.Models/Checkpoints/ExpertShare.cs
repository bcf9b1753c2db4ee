namespace Switchyard.Models.Checkpoints;

/// <summary>An expert's part in a mean of several.</summary>
/// <param name="Expert">Its number.</param>
/// <param name="Share">Its weight in the mean.</param>
public readonly record struct ExpertShare(int Expert, double Share);
