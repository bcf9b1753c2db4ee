namespace Switchyard.Training.Runs;

/// <summary>What a checkpoint holds beside tensors. The position in the data is the step.</summary>
/// <param name="Step">Steps done, skipped ones included.</param>
/// <param name="OptimizerSteps">Updates done.</param>
/// <param name="SkippedSteps">Steps skipped.</param>
/// <param name="Seconds">Time spent.</param>
/// <param name="Routing">Router, selector and balancer.</param>
internal sealed record CheckpointState(int Step, long OptimizerSteps, int SkippedSteps, double Seconds, string Routing)
{
    /// <summary>Steps skipped since the last that was not.</summary>
    public int SkippedInARow { get; init; }

    /// <summary>What happened since the last logged step; null where that was the last one, or nobody says.</summary>
    public TrainingWindowState? Window { get; init; }
}
