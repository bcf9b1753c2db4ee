using Switchyard.Models;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Runs;

public sealed class TrainedModelTests : IDisposable
{
    private readonly TinyText _text = new();

    [Theory]
    [InlineData("linear")]
    [InlineData("lpr")]
    public void A_run_ends_with_its_model_in_a_folder_that_equals_the_last_checkpoint(string recipe)
    {
        using var scope = NewDisposeScope();
        RunConfig config = TinyText.Config(2);
        RoutingRecipe routing = RoutingRecipe.Parse(recipe);
        RunFolder folder = new(_text.Folder("run"));

        new TrainingRun(config, routing, _text.Packed, folder).Run(cancellation: TestContext.Current.CancellationToken);

        using MoeTransformer model = MoeTransformer.Load(folder.ModelPath);
        using MoeTransformer checkpoint = new(config.ModelOptions(routing));
        Checkpoint.LoadModel(checkpoint, folder.CheckpointPath(2));
        checkpoint.eval();
        Tensor tokens = arange(32, ScalarType.Int64).reshape(2, 16);
        Assert.True(checkpoint.forward(tokens).Equals(model.forward(tokens)));

        using SafetensorsFile one = SafetensorsFile.Open(Path.Combine(folder.ModelPath, "model.safetensors"));
        using SafetensorsFile other = SafetensorsFile.Open(Path.Combine(folder.CheckpointPath(2), "model.safetensors"));
        Assert.Equal(one.Entries.Keys.Order(StringComparer.Ordinal), other.Entries.Keys.Order(StringComparer.Ordinal));
    }

    public void Dispose() => _text.Dispose();
}
