using System.Text.Json.Nodes;
using Switchyard.Models;
using Switchyard.Routing;
using Switchyard.Training.Configuration;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Runs;

public sealed class TokenFrequencyTests : IDisposable
{
    private readonly TinyText _text = new();

    [Fact]
    public void Frequencies_count_every_token_of_the_training_text_and_nothing_else()
    {
        long[] counted = new long[300];
        byte[] all = File.ReadAllBytes(Path.Combine(_text.Packed.Folder, "train.bin"));
        foreach (byte token in all)
        {
            counted[token]++;
        }

        Assert.Equal(counted, _text.Packed.TrainFrequencies(300));
        Assert.Equal(_text.Packed.TrainDocuments, _text.Packed.TrainFrequencies()[0]);
    }

    [Fact]
    public void A_vocabulary_that_is_too_small_is_refused()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => _text.Packed.TrainFrequencies(64));

        Assert.Contains("vocabulary of 64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_gives_a_balanced_hash_router_the_frequencies_of_the_training_text()
    {
        RunFolder folder = new(_text.Folder("balanced"));

        Run(folder, Balanced(steps: 2));

        using MoeTransformer trained = Load(folder, step: 2);
        using MoeTransformer expected = new(Balanced(2).ModelOptions(RoutingRecipe.Parse("hash")));
        foreach ((MoeLayer layer, MoeLayer other) in trained.MoeLayers.Zip(expected.MoeLayers))
        {
            HashRouter router = (HashRouter)other.Router;
            Assert.False(Table(layer).Equals(Table(other)), "the table is that of equal frequencies");
            router.SetFrequencies(_text.Packed.TrainFrequencies());
            Assert.True(Table(layer).Equals(Table(other)));
        }
    }

    [Fact]
    public void A_balanced_hash_run_that_was_stopped_goes_on_with_the_same_bits()
    {
        RunFolder whole = new(_text.Folder("whole")), halted = new(_text.Folder("halted"));
        Run(whole, Balanced(steps: 4));
        using StopAt stop = new(2);
        Assert.Throws<OperationCanceledException>(() => Run(halted, Balanced(steps: 4), stop: stop));
        Assert.Equal([3], halted.Checkpoints());

        Run(halted, Balanced(steps: 4), resume: true);

        using MoeTransformer a = Load(whole, 4);
        using MoeTransformer b = Load(halted, 4);
        Dictionary<string, Tensor> weights = a.state_dict();
        foreach ((string name, Tensor tensor) in b.state_dict())
        {
            Assert.True(weights[name].Equals(tensor), name);
        }
    }

    public void Dispose() => _text.Dispose();

    private static RunConfig Balanced(int steps) => TinyText.Config(steps) with { Routing = "hash", Router = new JsonObject { ["hash"] = "balanced" } };

    private static MoeTransformer Load(RunFolder folder, int step)
    {
        MoeTransformer model = new(Balanced(step).ModelOptions(RoutingRecipe.Parse("hash")));
        Checkpoint.LoadModel(model, folder.CheckpointPath(step));
        return model;
    }

    private static Tensor Table(MoeLayer layer) => layer.Router.get_buffer("table")!;

    private void Run(RunFolder folder, RunConfig config, bool resume = false, StopAt? stop = null) =>
        new TrainingRun(config, RoutingRecipe.Parse(config.Routing), _text.Packed, folder).Run(resume, stop, stop?.Token ?? CancellationToken.None);

    /// <summary>Asks for a stop once a step is done; the run then ends after the step that follows.</summary>
    private sealed class StopAt(int step) : IProgress<TrainingProgress>, IDisposable
    {
        private readonly CancellationTokenSource _source = new();

        public CancellationToken Token => _source.Token;

        public void Report(TrainingProgress value)
        {
            if (value.Step == step)
            {
                _source.Cancel();
            }
        }

        public void Dispose() => _source.Dispose();
    }
}
