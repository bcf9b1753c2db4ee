using System.Text.Json;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Runs;

public sealed class TrainingWindowTests
{
    [Theory]
    [InlineData(1.25, false)]
    [InlineData(double.NaN, true)]
    public void A_window_that_a_checkpoint_kept_closes_as_one_that_went_on(double loss, bool skipped)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer model = new(TinyText.Config().ModelOptions(RoutingRecipe.Parse("linear")));
        Tensor[] batches = [.. Enumerable.Range(0, 3).Select(_ => randint(0, 256, [2, 16], ScalarType.Int64))];
        StepResult[] steps = [new(2.5, new Dictionary<string, double> { ["switch"] = 0.5, ["z"] = 0.125 }, 1, 1e-3, 7, false), new(loss, new Dictionary<string, double>(), loss, 2e-3, 1, skipped), new(1.5, new Dictionary<string, double> { ["switch"] = 0.25 }, 2, 3e-3, 2, false)];
        TrainingWindow whole = new(model, 4), first = new(model, 4);
        Add(whole, 0, 3);
        Add(first, 0, 2);
        string kept = JsonSerializer.Serialize(first.State, ConfigFile.Json);

        TrainingWindow rest = new(model, 4, JsonSerializer.Deserialize<TrainingWindowState>(kept, ConfigFile.Json));
        Add(rest, 2, 3);
        (HistoryPoint expected, HistoryPoint actual) = (whole.Close(3, 96, null), rest.Close(3, 96, null));

        Assert.Equal(
            (expected.Loss, expected.AuxiliaryLoss, expected.LearningRate, expected.GradientNorm, expected.Drops),
            (actual.Loss, actual.AuxiliaryLoss, actual.LearningRate, actual.GradientNorm, actual.Drops));
        Assert.Equal(expected.AuxiliaryTerms, actual.AuxiliaryTerms);
        Assert.Equal([0.25, 0.125 / 3], expected.AuxiliaryTerms.Values);
        Assert.Equal(0.25 + (0.125 / 3), expected.AuxiliaryLoss, 12);
        Assert.Equal(expected.Gini, actual.Gini);
        Assert.Equal(expected.Load, actual.Load);
        Assert.Null(rest.State);

        void Add(TrainingWindow window, int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                model.Run(batches[i], window.Recorder);
                window.Add(steps[i], 32);
            }
        }
    }

    [Fact]
    public void A_kept_window_of_another_model_is_left_out()
    {
        using MoeTransformer model = new(TinyText.Config().ModelOptions(RoutingRecipe.Parse("linear")));

        Assert.Null(new TrainingWindow(model, 4, new TrainingWindowState(1, 2, new Dictionary<string, double>(), 3, 4, 0, [[1, 2, 3, 4]])).State);
    }
}
