namespace Switchyard.Training.Optimization;

/// <summary>The factor on the peak learning rate at each step.</summary>
/// <remarks>
/// With warm-up W, steps S, decay D and floor m: cosine is s/W in the warm-up, then m + (1−m)·½(1 + cos(π(s−W)/(S−W)));
/// warm-up–stable–decay is m + (1−m)·s/W, then 1, then m + (1−m)·(S−s)/D over the last D steps. As in Hugging Face's schedules.
/// </remarks>
public sealed record LearningRateSchedule
{
    /// <summary>Shape.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.WarmupStableDecay;

    /// <summary>Steps of the run, S.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps of the warm-up, W.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Steps of the final decay of warm-up–stable–decay, D.</summary>
    public int DecaySteps { get; init; }

    /// <summary>The floor m, as a share of the peak.</summary>
    public double Floor { get; init; }

    /// <summary>The factor used at step s, counted from 0.</summary>
    public double Factor(int step)
    {
        if (Kind == ScheduleKind.Cosine)
        {
            return step < WarmupSteps
                ? (double)step / WarmupSteps
                : Above(0.5 * (1 + Math.Cos(Math.PI * (step - WarmupSteps) / Math.Max(1, Steps - WarmupSteps))));
        }

        return step < WarmupSteps ? Above((double)step / WarmupSteps)
            : step < Steps - DecaySteps ? 1
            : Above((double)(Steps - step) / Math.Max(1, DecaySteps));
    }

    private double Above(double share) => Floor + ((1 - Floor) * Math.Clamp(share, 0, 1));
}
