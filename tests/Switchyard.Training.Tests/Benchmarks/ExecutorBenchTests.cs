using Switchyard.Experts;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Training.Tests.Benchmarks;

public sealed class ExecutorBenchTests
{
    private static readonly BenchOptions Options = new()
    {
        Shapes = ["quick"],
        Tokens = [40],
        Threads = [1],
        Load = "zipf:1",
        Direction = "forward-backward",
        Activations = [SavedActivations.Keep, SavedActivations.Recompute],
        Budget = TimeSpan.Zero,
    };

    [Theory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void Every_executor_is_timed_in_every_way_on_the_same_load(string storage)
    {
        List<BenchRow> rows = [.. ExecutorBench.Run(Options with { Storage = storage }, TestContext.Current.CancellationToken)];

        Assert.Equal(Executors.All.Names.SelectMany(n => Options.Activations.Select(a => (n, a))), rows.Select(r => (r.Executor, r.Activations!.Value)));
        Assert.All(rows, r => Assert.InRange(r.PaddingWaste!.Value, 0, 0.99));
        Assert.All(rows, r => Assert.Equal((storage, 5, rows[0].Imbalance), (r.Storage, r.RowsPerExpert, r.Imbalance)));
        Assert.Equal(0, rows.First(r => r.Executor is "grouped").PaddingWaste);
        Assert.True(rows.First(r => r.Executor is "padded").PaddingWaste > 0.5);
    }

    [Fact]
    public void The_table_names_what_is_a_tenth_faster_than_the_default()
    {
        BenchRow row = new() { What = "executor", Shape = "quick", Tokens = 8, Threads = 2, Load = "even", Direction = "forward", Executor = "grouped", Milliseconds = 100, RowsPerExpert = 1, Imbalance = 2 };

        ExecutorTable table = ExecutorTableBench.Of(
        [
            row,
            row with { Executor = "sequential", Milliseconds = 92 },
            row with { Executor = "auto", Milliseconds = 10 },
            row with { Executor = "sequential", Milliseconds = 1, Threads = 1 },
            row with { Executor = "padded", Milliseconds = 1 },
            row with { Tokens = 16, Storage = "bf16", Activations = SavedActivations.Keep },
            row with { Tokens = 16, Storage = "bf16", Activations = SavedActivations.Keep, Executor = "padded", Milliseconds = 88 },
            row with { Tokens = 16, Storage = "bf16", Activations = SavedActivations.Recompute, Executor = "padded", Milliseconds = 1 },
        ]);

        Assert.Equal(["grouped", "padded"], table.Choices.Select(c => c.Executor));
        Assert.Equal(new ExecutorSituation { Device = "cpu", Storage = "fp32", Backward = false, HiddenSize = 128, InnerSize = 64, Experts = 16, RowsPerExpert = 1, Imbalance = 2 }, table.Choices[0].At);
    }

    [Fact]
    public void A_table_without_times_of_the_default_is_refused() =>
        Assert.Contains("'grouped'", Assert.Throws<ConfigurationException>(() => ExecutorTableBench.Of(
            [new BenchRow { What = "executor", Shape = "quick", Tokens = 8, Threads = 2, Direction = "forward", Executor = "padded", Milliseconds = 1 }])).Message, StringComparison.Ordinal);
}
