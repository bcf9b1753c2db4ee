using Microsoft.Extensions.Logging;
using Switchyard.Training.Configuration;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;

namespace Switchyard.Training.Tests.Runs;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TinyText _text = new();

    [Fact]
    public void Held_out_loss_is_measured_when_it_is_asked_for_whatever_is_logged_besides()
    {
        Train("run", Config(steps: 10, logEvery: 4, evaluateEvery: 3));

        List<HistoryPoint> points = new RunFolder(_text.Folder("run")).ContinueMetrics(10);
        Assert.Equal([3, 4, 6, 8, 9, 10], points.Select(p => p.Step));
        Assert.Equal([3, 6, 9, 10], points.Where(p => p.TestLoss is not null).Select(p => p.Step));
    }

    [Fact]
    public void Every_line_names_the_auxiliary_terms_apart()
    {
        RunConfig config = Config(steps: 4, logEvery: 2);
        RunFolder folder = new(_text.Folder("terms"));
        new TrainingRun(config, RoutingRecipe.Parse("linear+switch+z"), _text.Packed, folder).Run(cancellation: TestContext.Current.CancellationToken);

        List<HistoryPoint> points = folder.ContinueMetrics(10);

        Assert.Equal(2, points.Count);
        Assert.All(points, p =>
        {
            Assert.Equal(["switch", "z"], p.AuxiliaryTerms.Keys);
            Assert.All(p.AuxiliaryTerms.Values, v => Assert.True(v > 0, $"{v}"));
            Assert.Equal(p.AuxiliaryTerms.Values.Sum(), p.AuxiliaryLoss, 9);
        });
    }

    [Fact]
    public void A_run_that_starts_anew_leaves_nothing_of_the_one_before()
    {
        Train("run", Config(steps: 6, logEvery: 2));
        Train("run", Config(steps: 4, logEvery: 2));

        RunFolder folder = new(_text.Folder("run"));
        Assert.Equal([4], folder.Checkpoints());
        Assert.Equal([2, 4], folder.ContinueMetrics(10).Select(p => p.Step));
    }

    [Fact]
    public void A_run_of_another_configuration_is_not_gone_on_with()
    {
        Train("run", Config(steps: 4, logEvery: 2));
        RunConfig other = Config(steps: 4, logEvery: 2) with { Seed = 9 };

        ConfigurationException error = Assert.Throws<ConfigurationException>(() => Train("run", other, resume: true));

        Assert.Contains("whose 'seed' is 1", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, ConfigFile.Load(new RunFolder(_text.Folder("run")).ConfigPath).Seed);
    }

    [Fact]
    public void A_logger_is_told_what_happens()
    {
        ListedLogger logger = new();
        RunConfig config = Config(steps: 4, logEvery: 2, evaluateEvery: 2);
        new TrainingRun(config, RoutingRecipe.Parse("hash"), _text.Packed, new RunFolder(_text.Folder("run")), logger).Run(cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(
            ["hash: training from step 0 to 4", "hash: held-out loss", "hash: held-out loss", "hash: checkpoint after step 4", "hash: "],
            logger.Lines.Zip([31, 19, 19, 29, 6], (line, length) => line.Text[..length]));
        Assert.Contains(", Gini ", logger.Lines[^1].Text, StringComparison.Ordinal);

        RunConfig wild = config with { Training = config.Training with { LearningRate = 1e30, Steps = 9 } };
        Assert.Throws<Switchyard.Training.Trainers.DivergenceException>(() => new TrainingRun(wild, RoutingRecipe.Parse("hash"), _text.Packed, new RunFolder(_text.Folder("wild")), logger).Run(cancellation: TestContext.Current.CancellationToken));
        Assert.Contains(logger.Lines, l => l.Level == LogLevel.Warning && l.Text.Contains("was skipped, its loss or gradient is not finite", StringComparison.Ordinal));
    }

    public void Dispose() => _text.Dispose();

    private void Train(string name, RunConfig config, bool resume = false) =>
        new TrainingRun(config, RoutingRecipe.Parse("linear"), _text.Packed, new RunFolder(_text.Folder(name))).Run(resume, cancellation: TestContext.Current.CancellationToken);

    private static RunConfig Config(int steps, int logEvery, int evaluateEvery = 0)
    {
        RunConfig config = TinyText.Config(steps);
        return config with { Training = config.Training with { LogEvery = logEvery, EvaluateEvery = evaluateEvery } };
    }
}
