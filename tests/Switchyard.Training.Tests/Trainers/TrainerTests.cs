using System.Text.Json.Nodes;
using Switchyard.Experts;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Trainers;

public sealed class TrainerTests : IDisposable
{
    private readonly TinyText _text = new();

    public static TheoryData<string> Recipes =>
    [
        "linear", "linear+switch", "linear+bias", "linear+dual", "linear+feedback", "linear+switch+z", "linear+noisy-topk+importance", "linear+sinkhorn",
        "linear+expert-choice", "linear+sigmoid-group+bias", "linear+threshold", "attention", "mlp", "hybrid", "hash", "mlp-hadamard", "lpr", "random",
    ];

    public static TheoryData<string> RouterNames => [.. Switchyard.Routing.Routers.All.Names];

    /// <summary>Every router with the default executor, and every other executor with a router.</summary>
    public static TheoryData<string, string> RoutersAndExecutors =>
    [
        .. Switchyard.Routing.Routers.All.Names.Select(router => (router, Executors.Default)),
        .. Executors.All.Names.Where(executor => executor != Executors.Default).Select(executor => ("linear", executor)),
    ];

    public static TheoryData<string> TrainableRouters => [.. Switchyard.Routing.Routers.All.Where(r => r.IsTrainable).Select(r => r.Name)];

    [Fact]
    public void Accumulating_four_batches_equals_one_batch_of_four()
    {
        RunConfig one = TinyText.Config() with { Training = TinyText.Config().Training with { BatchSequences = 8 } };
        RunConfig four = one with { Training = one.Training with { BatchSequences = 2, AccumulationSteps = 4 } };
        using Trainer a = Make(one, "linear");
        using Trainer b = Make(four, "linear");

        for (int i = 0; i < 3; i++)
        {
            StepResult stepA = a.Step();
            StepResult stepB = b.Step();
            Assert.Equal(stepA.Loss, stepB.Loss, 1e-5);
            Assert.Equal(stepA.GradientNorm, stepB.GradientNorm, 1e-4);
        }
    }

    [Theory]
    [InlineData("linear", "mlp")]
    [InlineData("linear", "lpr")]
    [InlineData("attention", "hash")]
    public void Models_that_differ_in_their_routers_share_every_other_initial_weight(string first, string second)
    {
        using Trainer a = Make(TinyText.Config(), first);
        using Trainer b = Make(TinyText.Config(), second);
        Dictionary<string, Tensor> weights = a.Model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);

        int compared = 0;
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in b.Model.named_parameters().Where(p => !p.name.Contains(".gate.", StringComparison.Ordinal)))
        {
            Assert.True(weights[name].Equals(parameter), name);
            compared++;
        }

        Assert.True(compared > 10);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_run_continued_from_a_checkpoint_gives_the_same_bits_as_one_never_interrupted(string recipe) => AssertContinues(TinyText.Config(), recipe);

    /// <summary>The same with everything else that has a state, draws at random, or rounds.</summary>
    [Theory]
    [InlineData("linear", """{ "capacity": "position", "capacityFactor": 0.8 }""")]
    [InlineData("linear+bias", """{ "capacity": "probability", "capacityFactor": 0.8 }""")]
    [InlineData("linear", """{ "capacity": "reroute", "capacityFactor": 0.8 }""")]
    [InlineData("linear+dual", """{ "training": { "accumulationSteps": 3 } }""")]
    [InlineData("mlp+bias", """{ "training": { "dtype": "bf16" } }""")]
    [InlineData("linear+feedback", """{ "inputJitter": 0.1 }""")]
    [InlineData("lpr", """{ "router": { "latentPrototypes": { "ema": true, "distribution": "js" } } }""")]
    [InlineData("lpr", """{ "router": { "latentPrototypes": { "ema": true } }, "training": { "accumulationSteps": 2 } }""")]
    [InlineData("linear+switch", """{ "balancer": { "scope": "global" }, "training": { "accumulationSteps": 2 } }""")]
    [InlineData("linear+switch", """{ "balancer": { "scope": "sequence" } }""")]
    [InlineData("linear+dual", """{ "balancer": { "scope": "sequence-prefix" } }""")]
    [InlineData("attention+bias", """{ "balancer": { "sequenceCoefficient": 0.01 } }""")]
    [InlineData("linear", """{ "executor": "padded", "activations": "recompute" }""")]
    [InlineData("linear+dual", """{ "model": { "moeEvery": 2, "sharedInnerSize": 8, "sharedGate": true } }""")]
    public void Whatever_is_trained_goes_on_to_the_same_bits(string recipe, string settings)
    {
        JsonObject config = JsonNode.Parse(ConfigFile.Write(TinyText.Config()))!.AsObject();
        Merge(config, JsonNode.Parse(settings)!.AsObject());
        AssertContinues(ConfigFile.Parse(config.ToJsonString(), "settings"), recipe);

        static void Merge(JsonObject target, JsonObject settings)
        {
            foreach ((string key, JsonNode? value) in settings)
            {
                if (value is JsonObject part && target[key] is JsonObject there)
                {
                    Merge(there, part);
                }
                else
                {
                    target[key] = value?.DeepClone();
                }
            }
        }
    }

    private void AssertContinues(RunConfig config, string recipe)
    {
        string folder = _text.Folder("checkpoint");
        using Trainer whole = Make(config, recipe);
        Run(whole, 5);
        using (Trainer first = Make(config, recipe))
        {
            Run(first, 2);
            Switchyard.Training.Runs.Checkpoint.Save(first, folder, 1.5);
        }

        using Trainer second = Make(config, recipe);
        Run(second, 1);
        double seconds = Switchyard.Training.Runs.Checkpoint.Restore(second, folder);
        Run(second, 3);

        Assert.Equal(1.5, seconds);
        AssertSameBits(whole.Model, second.Model);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Live_tensors_stay_flat_over_training_steps(string recipe)
    {
        using Trainer trainer = Make(TinyText.Config(1000), recipe);
        Run(trainer, 5);
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Run(trainer, 20);

        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [MemberData(nameof(RoutersAndExecutors))]
    public void A_thousand_training_steps_leave_no_memory_behind(string router, string executor)
    {
        // The runtime takes memory too, at first; a leak shows in every window. One matrix of the hidden states (8 KiB) a step would add 2.7 MB to each.
        const long Growth = 1 << 20;
        const int Window = 334;
        RunConfig config = TinyText.Config(2000);
        using Trainer trainer = Make(config with { Executor = executor, Model = config.Model with { Layers = 1, HiddenSize = 64 }, Training = config.Training with { BatchSequences = 2 } }, router);
        Run(trainer, 100);
        (long tensors, long resident) = State();
        long smallest = long.MaxValue;
        for (int i = 0; i < 3 || (i < 8 && smallest > Growth); i++)
        {
            Run(trainer, Window);
            (long tensorsAfter, long residentAfter) = State();
            Assert.Equal(tensors, tensorsAfter);
            smallest = Math.Min(smallest, residentAfter - resident);
            resident = residentAfter;
        }

        Assert.InRange(smallest, long.MinValue, Growth);

        static (long Tensors, long Resident) State()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return (Tensor.TotalCount, Environment.WorkingSet);
        }
    }

    [Fact]
    public void A_step_that_is_not_finite_is_skipped_and_three_in_a_row_end_the_run()
    {
        using Trainer trainer = Make(TinyText.Config(), "linear");
        Run(trainer, 1);
        using (no_grad())
        {
            trainer.Model.named_parameters().First(p => p.name.Contains("down", StringComparison.Ordinal)).parameter.fill_(float.NaN);
        }

        StepResult step = trainer.Step();
        Assert.True(step.Skipped);
        Assert.True(trainer.Step().Skipped);
        DivergenceException error = Assert.Throws<DivergenceException>(() => trainer.Step());

        Assert.Equal(3, trainer.SkippedSteps);
        Assert.Equal(1, trainer.Optimizer.Steps);
        Assert.Contains("was not finite", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Two steps were lost before the checkpoint: the third in a row comes after it.</summary>
    [Fact]
    public void Steps_skipped_before_a_checkpoint_count_after_it()
    {
        string folder = _text.Folder("checkpoint");
        using Trainer first = Make(TinyText.Config(), "linear");
        using (no_grad())
        {
            first.Model.named_parameters().First(p => p.name.Contains("down", StringComparison.Ordinal)).parameter.fill_(float.NaN);
        }

        Run(first, 2);
        Switchyard.Training.Runs.Checkpoint.Save(first, folder, 0);
        using Trainer second = Make(TinyText.Config(), "linear");
        Switchyard.Training.Runs.Checkpoint.Restore(second, folder);

        Assert.Throws<DivergenceException>(() => second.Step());
    }

    [Theory]
    [MemberData(nameof(TrainableRouters))]
    public void A_tiny_model_overfits_one_batch(string router)
    {
        using var scope = NewDisposeScope();
        RunConfig config = TinyText.Config() with { Model = TinyText.Config().Model with { HiddenSize = 32, InnerSize = 32 } };
        using MoeTransformer model = new(config.ModelOptions(RoutingRecipe.Parse(router)));
        using Switchyard.Training.Optimization.AdamW optimizer = new(model.named_parameters().Select(p => (p.name, p.parameter)), new() { WeightDecay = 0 });
        TokenBatch batch = new TokenStream(_text.Packed, 16, 4, 1).Read(0);
        Tensor tokens = tensor(batch.Tokens, [4, 17]);
        Tensor inputs = tokens.slice(1, 0, 16, 1);
        Tensor targets = tokens.slice(1, 1, 17, 1).flatten();
        model.train();
        double loss = double.PositiveInfinity;
        for (int i = 0; i < 600 && loss >= 0.05; i++)
        {
            using var step = NewDisposeScope();
            Tensor value = nn.functional.cross_entropy(model.Run(inputs).Logits.flatten(0, 1), targets);
            value.backward();
            loss = value.item<float>();
            optimizer.Step(1e-2, optimizer.GradientNorm());
            optimizer.ZeroGradients();
        }

        Assert.True(loss < 0.05, $"loss {loss}");
    }

    [Fact]
    public void Bf16_products_train_to_about_the_loss_of_fp32()
    {
        using Trainer full = Make(TinyText.Config(30), "linear");
        RunConfig config = TinyText.Config(30);
        using Trainer half = Make(config with { Training = config.Training with { Dtype = "bf16" } }, "linear");

        Run(full, 29);
        Run(half, 29);

        Assert.Equal(full.Step().Loss, half.Step().Loss, 0.1);
    }

    public void Dispose() => _text.Dispose();

    private static void Run(Trainer trainer, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            trainer.Step();
        }
    }

    private static void AssertSameBits(MoeTransformer expected, MoeTransformer actual)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> state = actual.state_dict();
        foreach ((string name, Tensor tensor) in expected.state_dict())
        {
            Assert.True(tensor.bytes.SequenceEqual(state[name].bytes), $"{name} differs");
        }
    }

    private Trainer Make(RunConfig config, string recipe) =>
        new(config, RoutingRecipe.Parse(recipe), new TokenStream(_text.Packed, config.Model.SequenceLength, config.Training.BatchSequences, config.Seed));
}
