using Switchyard.Training.Runs;

namespace Switchyard.Training.Comparisons;

/// <summary>Passes the progress of one run on as that of a comparison, at once and in order.</summary>
/// <param name="comparison">Who listens; may be null.</param>
/// <param name="index">Index of the run, from 0.</param>
/// <param name="count">Runs in all.</param>
/// <param name="seed">Seed of the run.</param>
public sealed class RowProgress(IProgress<ComparisonProgress>? comparison, int index, int count, long seed) : IProgress<TrainingProgress>
{
    /// <inheritdoc/>
    public void Report(TrainingProgress value) => comparison?.Report(new ComparisonProgress(index, count, seed, value));
}
