namespace Switchyard.Training.Rerouting;

/// <summary>What a new router starts from.</summary>
public enum RouterStart
{
    /// <summary>Fitted to the old router's scores and choices on text.</summary>
    Distill,

    /// <summary>The old router's weights; both must be of one kind.</summary>
    Copy,

    /// <summary>Random weights.</summary>
    Fresh,
}
