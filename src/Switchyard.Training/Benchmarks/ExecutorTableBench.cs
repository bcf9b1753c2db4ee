using Switchyard.Experts;

namespace Switchyard.Training.Benchmarks;

/// <summary>Makes the table of <c>auto</c> of measurements.</summary>
public static class ExecutorTableBench
{
    /// <summary>Share of the default's time that another executor must save: less may be chance.</summary>
    private const double Margin = 0.1;

    /// <summary>One choice for each shape, token count, load, storage and direction of the rows with most threads: the fastest, or the default if nothing saves a tenth.</summary>
    /// <param name="rows">Rows of <see cref="ExecutorBench"/>, measured on the CPU.</param>
    /// <exception cref="ConfigurationException">The default was not measured somewhere.</exception>
    public static ExecutorTable Of(IReadOnlyCollection<BenchRow> rows)
    {
        int threads = rows.Max(r => r.Threads);
        return new ExecutorTable(rows
            .Where(r => r.Threads == threads && r.Arithmetic is null && Executors.All.Names.Contains(r.Executor) && r.Activations is not SavedActivations.Recompute)
            .GroupBy(r => (r.Shape, r.Tokens, r.Load, r.Storage, r.Direction))
            .Select(group => Choice([.. group])));
    }

    /// <summary>On our kernels the default's tiles are a part of every other executor's: one of those can be faster by chance alone.</summary>
    private static bool CanWin(BenchRow row) =>
        row.Executor is Executors.Default || (row.Executor is not Executors.Auto && !((row.Storage is "fp32" || row.Activations is null) && Executors.All.Get(row.Executor).Create() is KernelExecutor));

    private static ExecutorChoice Choice(List<BenchRow> rows)
    {
        BenchRow usual = rows.Find(r => r.Executor is Executors.Default)
            ?? throw new ConfigurationException($"the table needs a time of '{Executors.Default}' at {rows[0].Shape}, {rows[0].Tokens} tokens; name it in --only or leave --only out");
        BenchRow fastest = rows.Where(CanWin).MinBy(r => r.Milliseconds)!;
        BenchShape shape = BenchShape.All.Get(fastest.Shape);
        return new ExecutorChoice(
            fastest.Milliseconds < usual.Milliseconds * (1 - Margin) ? fastest.Executor : usual.Executor,
            new ExecutorSituation
            {
                Device = "cpu",
                Storage = fastest.Storage,
                Backward = fastest.Activations is not null,
                HiddenSize = shape.HiddenSize,
                InnerSize = shape.InnerSize,
                Experts = shape.Experts,
                RowsPerExpert = Math.Round(fastest.RowsPerExpert!.Value, 4),
                Imbalance = Math.Round(fastest.Imbalance!.Value, 4),
            });
    }
}
