using System.Text.Json.Nodes;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Configuration;
using Switchyard.Training.Reporting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Tests.Comparisons;

public sealed class ComparisonTests : IDisposable
{
    private static readonly MachineInfo Machine = new("Linux", "CPU", "AVX2", 1, "cpu", ".NET 10", "0.1.0");

    private readonly TinyText _text = new();

    [Fact]
    public void Rows_come_in_their_order_each_the_summary_of_its_seeds()
    {
        Log log = new();
        CompareResult result = Make("compare", seeds: 2, "hash", "linear+switch:0.02").Run(Machine, log, TestContext.Current.CancellationToken);

        Assert.Equal(["hash", "linear+switch:0.02"], result.Rows.Select(r => r.Name));
        Assert.Equal([1, 2], result.Model.Seeds);
        Assert.Equal("the command", result.Command);
        Assert.Equal(Machine, result.Machine);
        Assert.Equal([(0, 4, 1), (1, 4, 2), (2, 4, 1), (3, 4, 2)], log.Runs);
        string rows = Path.Combine(_text.Folder("compare"), "rows");
        Assert.Equal(["hash-seed-1", "hash-seed-2", "linear+switch_0.02-seed-1", "linear+switch_0.02-seed-2"], Directory.GetDirectories(rows).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));
        Assert.All(result.Rows, row =>
        {
            double[] losses = [.. ((int[])[1, 2]).Select(seed => Make($"alone-{row.Name.Length}-{seed}", 1, seed, row.Name).Run(Machine, cancellation: TestContext.Current.CancellationToken).Rows[0].TestLoss)];
            Assert.Equal(losses.Average(), row.TestLoss, 1e-12);
            Assert.Equal(Math.Abs(losses[0] - losses[1]) / Math.Sqrt(2), row.Deviation["testLoss"], 1e-12);
        });
    }

    [Fact]
    public void A_row_that_is_done_is_kept_and_not_trained_again()
    {
        CompareResult first = Make("compare", 1, "linear", "hash").Run(Machine, cancellation: TestContext.Current.CancellationToken);
        string file = Path.Combine(_text.Folder("compare"), "rows", "linear", "row.json");
        JsonNode row = JsonNode.Parse(File.ReadAllText(file))!;
        row["testLoss"] = 0.125;
        File.WriteAllText(file, row.ToJsonString());
        Log log = new();

        CompareResult again = Make("compare", 1, "linear", "hash", "mlp").Run(Machine, log, TestContext.Current.CancellationToken);

        Assert.Equal([(2, 3, 1)], log.Runs);
        Assert.Equal(0.125, again.Rows[0].TestLoss);
        Assert.Equal(first.Rows[1].TestLoss, again.Rows[1].TestLoss);
        Assert.Equal("mlp", again.Rows[2].Name);
    }

    [Fact]
    public void A_row_of_another_configuration_is_no_row_of_this_one()
    {
        Make("compare", 1, "linear").Run(Machine, cancellation: TestContext.Current.CancellationToken);
        RunConfig other = Config(1, 1, "linear");
        other = other with { Training = other.Training with { Steps = 5 } };

        ConfigurationException error = Assert.Throws<ConfigurationException>(() => new Comparison(other, _text.Packed, new RunFolder(_text.Folder("compare"))).Run(Machine, cancellation: TestContext.Current.CancellationToken));

        Assert.Contains("another configuration, whose 'training' is {\"steps\":4", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "is damaged")]
    [InlineData("null", "holds null")]
    public void Damaged_figures_of_a_row_are_named(string content, string says)
    {
        Make("compare", 1, "linear").Run(Machine, cancellation: TestContext.Current.CancellationToken);
        string file = Path.Combine(_text.Folder("compare"), "rows", "linear", "row.json");
        File.WriteAllText(file, content);

        string message = Assert.Throws<ResultFormatException>(() => Make("compare", 1, "linear").Run(Machine, cancellation: TestContext.Current.CancellationToken)).Message;

        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_that_was_stopped_goes_on_to_the_figures_of_one_that_was_not()
    {
        CompareResult whole = Make("whole", 1, "linear+dual", "lpr").Run(Machine, cancellation: TestContext.Current.CancellationToken);
        using CancellationTokenSource stop = new();
        Log log = new() { StopAt = (Run: 1, Step: 2), Source = stop };
        Assert.Throws<OperationCanceledException>(() => Make("halted", 1, "linear+dual", "lpr").Run(Machine, log, stop.Token));
        Assert.Equal([(0, 2, 1), (1, 2, 1)], log.Runs);

        CompareResult rest = Make("halted", 1, "linear+dual", "lpr").Run(Machine, cancellation: TestContext.Current.CancellationToken);

        foreach ((CompareRow expected, CompareRow actual) in whole.Rows.Zip(rest.Rows))
        {
            Assert.Equal((expected.TrainLoss, expected.TestLoss, expected.Gini), (actual.TrainLoss, actual.TestLoss, actual.Gini));
            Assert.Equal(expected.Layers.Select(l => l.Load), actual.Layers.Select(l => l.Load));
        }
    }

    [Fact]
    public void A_row_that_diverges_is_named_and_the_others_go_on()
    {
        RunConfig config = Config(2, 1, "linear", "hash");
        config = config with { Training = config.Training with { Steps = 10 } };
        string folder = _text.Folder("one");
        // The row that is there already stands for one that ends; the others are driven out of this world.
        new Comparison(config with { Rows = ["hash"] }, _text.Packed, new RunFolder(folder)).Run(Machine, cancellation: TestContext.Current.CancellationToken);
        foreach (string file in Directory.GetDirectories(Path.Combine(folder, "rows")).Select(d => Path.Combine(d, "config.json")))
        {
            JsonNode row = JsonNode.Parse(File.ReadAllText(file))!;
            row["training"]!["learningRate"] = 1e30;
            File.WriteAllText(file, row.ToJsonString());
        }

        RunConfig wild = config with { Training = config.Training with { LearningRate = 1e30 } };

        CompareResult result = new Comparison(wild, _text.Packed, new RunFolder(folder)).Run(Machine, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(["hash"], result.Rows.Select(r => r.Name));
        Assert.Equal([("linear", 1), ("linear", 2)], result.Diverged.Select(d => (d.Name, d.Seed)));
        Assert.All(result.Diverged, d => Assert.Contains("3 steps in a row", d.Reason, StringComparison.Ordinal));
        Assert.Contains("linear, seed 2: the loss", CompareReport.Render(result), StringComparison.Ordinal);
        Assert.Contains("linear: the loss", Assert.Throws<DivergenceException>(() => new Comparison(wild with { Rows = ["linear"] }, _text.Packed, new RunFolder(_text.Folder("all"))).Run(Machine, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_folders_of_comparison_and_rows_say_all_that_is_needed_to_repeat_them()
    {
        Comparison made = new(Config(2, 5, "lpr+bias") with { Machine = Machine }, _text.Packed, new RunFolder(_text.Folder("said")));
        made.Run(Machine, cancellation: TestContext.Current.CancellationToken);
        RunConfig whole = ConfigFile.Load(Path.Combine(_text.Folder("said"), "config.json"));
        Assert.Equal((2, 5, "the command", Machine), (whole.Seeds, whole.Seed, whole.Command, whole.Machine));
        RunConfig row = ConfigFile.Load(Path.Combine(_text.Folder("said"), "rows", "lpr+bias-seed-6", "config.json"));
        Assert.Equal((1, 6, "lpr+bias"), (row.Seeds, row.Seed, row.Routing));
        Assert.Equal(16, row.Router!["latentPrototypes"]!["latentSize"]!.GetValue<int>());
        Assert.True(row.Selector!["normalize"]!.GetValue<bool>());
        Assert.Equal(4, row.Balancer!["sweeps"]!.GetValue<int>());
        Assert.Equal(row.ModelOptions(RoutingRecipe.Parse("lpr+bias")).Moe!.Router, row.WrittenOut().ModelOptions(RoutingRecipe.Parse("lpr+bias")).Moe!.Router);
    }

    [Fact]
    public void Rows_that_stand_twice_and_no_seeds_are_refused()
    {
        Assert.Contains("'linear' stands twice", Assert.Throws<ConfigurationException>(() => Make("twice", 1, "linear", "linear+none")).Message, StringComparison.Ordinal);
        Assert.Contains("rows is empty", Assert.Throws<ConfigurationException>(() => Make("empty", 1)).Message, StringComparison.Ordinal);
        Assert.Contains("seeds is 0", Assert.Throws<ConfigurationException>(() => Make("none", 0, "linear")).Message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'linear'", Assert.Throws<ConfigurationException>(() => Make("unknown", 1, "liner")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _text.Dispose();

    private Comparison Make(string folder, int seeds, params string[] rows) => Make(folder, seeds, 1, rows);

    private Comparison Make(string folder, int seeds, long seed, params string[] rows)
    {
        return new Comparison(Config(seeds, seed, rows), _text.Packed, new RunFolder(_text.Folder(folder)));
    }

    private static RunConfig Config(int seeds, long seed, params string[] rows) => TinyText.Config(4) with { Rows = rows, Seed = seed, Seeds = seeds, Command = "the command" };

    /// <summary>Which runs there were: index, count and seed.</summary>
    private sealed class Log : IProgress<ComparisonProgress>
    {
        public List<(int Index, int Count, long Seed)> Runs { get; } = [];

        public (int Run, int Step) StopAt { get; init; } = (-1, -1);

        public CancellationTokenSource? Source { get; init; }

        public void Report(ComparisonProgress value)
        {
            if (Runs is [] || Runs[^1].Index != value.RowIndex)
            {
                Runs.Add((value.RowIndex, value.RowCount, value.Seed));
            }

            if ((value.RowIndex, value.Training.Step) == StopAt)
            {
                Source!.Cancel();
            }
        }
    }
}
