namespace Switchyard.Training.Optimization;

/// <summary>How the learning rate moves over a run.</summary>
public enum ScheduleKind
{
    /// <summary>Linear warm-up, then half a cosine down to the floor.</summary>
    Cosine,

    /// <summary>Linear warm-up, then constant, then a linear decay to the floor (Hu et al. 2024).</summary>
    WarmupStableDecay,
}
