using System.Text.Json.Nodes;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Rerouting;

/// <summary>Routers that are replaced and trained.</summary>
public sealed class RerouteRunTests : IDisposable
{
    private static readonly MachineInfo Machine = new("test", "test", "test", 1, "cpu", "test", "test");

    private readonly TinyText _text = new();

    [Fact]
    public void Copied_and_not_trained_the_model_is_the_original()
    {
        RerouteResult result = Run("copy", Config() with { Balance = "none", Start = RouterStart.Copy, Training = Config().Training with { Steps = 0 } });
        Assert.Equal(Bytes(Model), Bytes(result.Output));
        Assert.Equal(result.Before with { RouterMicrosecondsPerToken = null }, result.After with { RouterMicrosecondsPerToken = null });
        Assert.All(result.Agreement, a => Assert.Equal(1, a));
    }

    [Fact]
    public void A_linear_router_is_fitted_to_the_old_one_until_it_chooses_nearly_the_same()
    {
        RerouteResult result = Run("fit", Config() with { Balance = "none", DistillSteps = 150, Training = Config().Training with { Steps = 0 } });
        Assert.True(result.AgreementAtStart.Min() >= 0.95, string.Join(' ', result.AgreementAtStart));
        Assert.InRange(result.After.Loss, result.Before.Loss - 0.01, result.Before.Loss + 0.01);
    }

    [Theory]
    [InlineData("linear", "dual")]
    [InlineData("attention", "bias")]
    [InlineData("mlp", "switch")]
    [InlineData("hybrid", "none")]
    [InlineData("mlp-hadamard", "z")]
    [InlineData("lpr", "dual")]
    [InlineData("hash", "none")]
    public void Any_router_can_be_put_in_and_what_is_written_computes_what_was_measured(string router, string balance)
    {
        RerouteResult result = Run("any", Config() with { Router = router, Balance = balance, Selector = router is "hash" ? "topk-softmax" : null, DistillSteps = 3 });
        using MoeTransformer model = MoeTransformer.Load(result.Output);
        Assert.Equal(router, model.MoeLayers[0].Options.Routing.Router);
        RerouteResult again = new RerouteRun(Config() with { Model = result.Output, Start = RouterStart.Copy, Router = router, Balance = balance, Selector = router is "hash" ? "topk-softmax" : null, Training = Config().Training with { Steps = 0 } }, new RunFolder(_text.Folder("check"))).Run(Machine, string.Empty, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(result.After.Loss, again.Before.Loss);
        Assert.Equal(result.After.Gini, again.Before.Gini);
        Assert.Equal(again.Before with { RouterMicrosecondsPerToken = null }, again.After with { RouterMicrosecondsPerToken = null });
        Assert.True(double.IsFinite(result.After.Loss));
    }

    [Fact]
    public void Dual_prices_even_the_load_and_experts_stay_as_they_are()
    {
        RerouteResult result = Run("dual", Config() with { Training = Config().Training with { Steps = 30 } });
        Assert.True(result.After.Gini < result.Before.Gini / 2, $"{result.Before.Gini} → {result.After.Gini}");
        using Models.Files.CheckpointTensors before = Models.Files.CheckpointTensors.Open(Model), after = Models.Files.CheckpointTensors.Open(result.Output);
        Assert.All(before.Names.Where(n => !n.Contains(".gate.", StringComparison.Ordinal)), n => Assert.True(before.FileOf(n).Bytes(n).SequenceEqual(after.FileOf(n).Bytes(n)), n));
    }

    [Theory]
    [InlineData("linear", "dual", null)]
    [InlineData("linear", "switch+z", "noisy-topk")]
    [InlineData("attention", "feedback", null)]
    [InlineData("hybrid", "importance", null)]
    [InlineData("mlp-hadamard", "dual", null)]
    [InlineData("hash", "none", "topk-softmax")]
    [InlineData("lpr", "bias", null)]
    public void An_interrupted_run_that_goes_on_gives_the_bits_of_one_that_was_not(string router, string balance, string? selector)
    {
        RerouteConfig config = Config() with { Router = router, Balance = balance, Selector = selector, DistillSteps = 2, KeepLoss = true };
        byte[] whole = Bytes(Run("whole", config).Output);
        string log = Log("whole");
        RunFolder folder = new(_text.Folder("parts"));
        using CancellationTokenSource stop = new();
        Stop progress = new(stop, step: 4);
        Assert.Throws<OperationCanceledException>(() => new RerouteRun(config, folder).Run(Machine, string.Empty, progress: progress, cancellation: stop.Token));
        Assert.NotEmpty(folder.Checkpoints());
        Assert.False(Directory.Exists(folder.ModelPath));
        Assert.Equal(5, folder.Checkpoints()[^1]);
        RerouteResult result = new RerouteRun(config, folder).Run(Machine, string.Empty, resume: true, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(whole, Bytes(result.Output));
        Assert.Equal(log, Log("parts"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_that_is_killed_before_a_checkpoint_goes_on_from_what_it_had_kept_by_the_one_before(bool keepLoss)
    {
        RerouteConfig config = Config() with { KeepLoss = keepLoss, Start = RouterStart.Copy, Training = Config().Training with { Steps = 12, LogEvery = 3, EvaluateEvery = 2 } };
        Copies copies = new(_text.Folder("whole"));
        RerouteResult whole = new RerouteRun(config, new RunFolder(_text.Folder("whole"))).Run(Machine, string.Empty, progress: copies, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([2, 3, 4, 6, 8, 9, 10, 12], copies.Steps);
        Assert.All(copies.Steps, step =>
        {
            RerouteResult result = new RerouteRun(config, new RunFolder(copies.Of(step))).Run(Machine, string.Empty, resume: true, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal((whole.KeptStep, whole.BiasStrength, whole.After.Loss), (result.KeptStep, result.BiasStrength, result.After.Loss));
            Assert.Equal(Bytes(whole.Output), Bytes(result.Output));
            Assert.Equal(Log("whole"), Log($"whole-{step}"));
        });
        Assert.Equal([$"best-{whole.KeptStep}.json", $"best-{whole.KeptStep}.safetensors"], Directory.GetFiles(_text.Folder("whole"), "best-*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void With_the_loss_kept_what_comes_out_is_not_worse_than_the_original()
    {
        RerouteResult result = Run("keep", Config() with { KeepLoss = true, Start = RouterStart.Copy, Training = Config().Training with { Steps = 20, EvaluateEvery = 5 } });
        Assert.True(result.LossKept, $"{result.Before.Loss} → {result.After.Loss}");
        Assert.True(result.After.Gini <= result.Before.Gini, $"{result.Before.Gini} → {result.After.Gini}");
    }

    [Theory]
    [InlineData(1, "dual")]
    [InlineData(2, "dual")]
    [InlineData(3, "bias")]
    [InlineData(4, "dual")]
    public void Where_the_start_keeps_the_loss_so_does_what_comes_out_whatever_training_and_settling_do(long seed, string balance)
    {
        RerouteConfig config = Config() with { KeepLoss = true, Start = RouterStart.Copy, Balance = balance, Seed = seed };
        RerouteResult result = Run("keep", config with { Training = config.Training with { Steps = 12, LearningRate = 0.5 } });
        Assert.True(result.LossKept, $"{result.Before.Loss} → {result.After.Loss}");
    }

    [Fact]
    public void A_choice_that_is_biased_is_copied_with_its_bias_or_not_at_all()
    {
        RerouteResult biased = Run("biased", Config() with { Training = Config().Training with { Steps = 30 } });
        RerouteConfig copy = Config() with { Model = biased.Output, Start = RouterStart.Copy, Training = Config().Training with { Steps = 0 } };
        Assert.Contains("'dual'", Assert.Throws<ConfigurationException>(() => Run("none", copy with { Balance = "none" })).Message, StringComparison.Ordinal);
        Assert.Equal(Bytes(biased.Output), Bytes(Run("dual", copy).Output));
    }

    [Fact]
    public void A_folder_in_use_is_refused_and_stays_as_it_is()
    {
        byte[] weights = Bytes(Model);
        string config = File.ReadAllText(Path.Combine(Model, "config.json"));
        Assert.Contains("holds a run already", Assert.Throws<ConfigurationException>(() => new RerouteRun(Config(), new RunFolder(Model)).Run(Machine, string.Empty, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Equal(weights, Bytes(Model));
        Assert.Equal(config, File.ReadAllText(Path.Combine(Model, "config.json")));

        string other = Directory.CreateDirectory(_text.Folder("other")).FullName;
        File.WriteAllText(Path.Combine(other, "mine.txt"), "mine");
        Assert.Contains("there already", Assert.Throws<ConfigurationException>(() => Run("other", Config())).Message, StringComparison.Ordinal);
        Assert.Equal(["mine.txt"], Directory.GetFileSystemEntries(other).Select(Path.GetFileName));
    }

    [Fact]
    public void A_run_that_cannot_begin_leaves_no_folder()
    {
        Assert.Throws<ConfigurationException>(() => Run("long", Config() with { Context = 4096 }));
        Assert.Throws<ConfigurationException>(() => Run("long", Config() with { Judge = _text.Folder("text"), JudgeContext = 4096 }));
        Assert.Throws<ConfigurationException>(() => Run("long", Config() with { Training = Config().Training with { BatchSequences = int.MaxValue } }));
        string nothing = Path.Combine(Directory.CreateDirectory(_text.Folder("nothing")).FullName, "one.txt");
        File.WriteAllText(nothing, "a");
        Assert.Contains("judge", Assert.Throws<ConfigurationException>(() => Run("long", Config() with { Judge = nothing })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_text.Folder("long")));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_router_that_is_no_number_is_named_before_anything_is_trained(float number)
    {
        string broken = _text.Folder("broken");
        using (MoeTransformer model = MoeTransformer.Load(Model))
        {
            using var quiet = no_grad();
            model.MoeLayers[1].Router.get_parameter("W_g")![0, 0] = number;
            model.Save(broken);
        }

        Assert.Equal("model.layers.1.mlp.gate.weight", Assert.Throws<Models.Files.CheckpointFormatException>(() => Run("never", Config() with { Model = broken })).Tensor);
    }

    [Fact]
    public void A_model_whose_loss_is_no_number_is_refused()
    {
        string broken = _text.Folder("broken");
        using (MoeTransformer model = MoeTransformer.Load(Model))
        {
            using var quiet = no_grad();
            model.named_parameters().Single(p => p.name == "model.norm.weight").parameter.fill_(float.NaN);
            model.Save(broken);
        }

        Assert.Contains(broken, Assert.Throws<ConfigurationException>(() => Run("never", Config() with { Model = broken })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_text.Folder("never")));
    }

    [Fact]
    public void A_run_that_goes_on_judges_by_the_text_that_it_was_started_with()
    {
        RerouteConfig config = Config() with { DistillSteps = 2, Judge = Path.Combine(_text.Folder("text"), "one"), JudgeContext = 16, JudgeTokens = 400, Command = "switchyard reroute" };
        RunFolder folder = new(_text.Folder("judged"));
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => new RerouteRun(config, folder).Run(Machine, string.Empty, progress: new Stop(stop, step: 4), cancellation: stop.Token));
        RerouteConfig read = ConfigFile.Load<RerouteConfig>(folder.ConfigPath);
        Assert.Equal(config with { Training = read.Training }, read);
        Assert.NotNull(new RerouteRun(read, folder).Run(Machine, string.Empty, resume: true, cancellation: TestContext.Current.CancellationToken).JudgedAfter);
    }

    [Fact]
    public void Training_ends_where_evaluations_bring_nothing_better_and_where_it_goes_on_too()
    {
        RerouteConfig config = Config() with { Patience = 2, DistillSteps = 2, Training = Config().Training with { Steps = 60, LearningRate = 2, EvaluateEvery = 2, CheckpointEvery = 2 } };
        RerouteResult result = Run("early", config);
        double[] losses = [.. result.History.Select(h => h.TestLoss).OfType<double>()];
        Assert.True(result.Steps < 60, $"{result.Steps} steps");
        Assert.Equal(losses.Length - 3, Array.IndexOf(losses, losses.Min()));
        Assert.Equal(result.Steps, new RerouteRun(config, new RunFolder(_text.Folder("early"))).Run(Machine, string.Empty, resume: true, cancellation: TestContext.Current.CancellationToken).Steps);
        AssertSays();

        void AssertSays() => Assert.Contains("patience", Assert.Throws<ConfigurationException>(() => Run("none", config with { Patience = 0 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_layers_that_are_named_are_rerouted()
    {
        RerouteResult result = Run("one", Config() with { Router = "mlp", Layers = [1], DistillSteps = 1 });
        using MoeTransformer model = MoeTransformer.Load(result.Output);
        Assert.Equal(["linear", "mlp"], model.MoeLayers.Select(l => l.Options.Routing.Router));
        Assert.Single(result.Agreement);
    }

    [Fact]
    public void What_cannot_be_done_is_said()
    {
        AssertSays("layer 5", Config() with { Layers = [5] });
        AssertSays("cannot be copied", Config() with { Router = "mlp", Start = RouterStart.Copy });
        AssertSays("longest sequence", Config() with { Context = 4096 });
        AssertSays("'experts'", Config() with { RouterSettings = new() { ["experts"] = 3 } });
        AssertSays("teacherWeight", Config() with { TeacherWeight = 2 });
        AssertSays("'rooter'", Config() with { Router = "rooter" });
        Assert.ThrowsAny<CorpusException>(() => Run("short", Config() with { Corpus = Path.Combine(Config().Corpus, "one", "1.txt") }));

        void AssertSays(string text, RerouteConfig config) =>
            Assert.Contains(text, Assert.Throws<ConfigurationException>(() => Run("wrong", config)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _text.Dispose();

    private string Model
    {
        get
        {
            string folder = _text.Folder("model");
            if (!Directory.Exists(folder))
            {
                using MoeTransformer model = new(new MoeTransformerOptions { HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 64, InitialDeviation = 0.3, Seed = 4 });
                using var quiet = no_grad();
                foreach (MoeLayer layer in model.MoeLayers)
                {
                    layer.Router.get_parameter("W_g")!.mul_(20);
                }

                model.Save(folder);
            }

            return folder;
        }
    }

    private RerouteConfig Config() => new()
    {
        Model = Model,
        Corpus = _text.Folder("text"),
        Context = 16,
        HeldOutShare = 0.2,
        DistillSteps = 10,
        Training = new() { Steps = 8, BatchSequences = 8, LearningRate = 1e-2, WeightDecay = 0, LogEvery = 2, EvaluateEvery = 4, EvaluateTokens = 512, CheckpointEvery = 4 },
    };

    private RerouteResult Run(string name, RerouteConfig config) => new RerouteRun(config, new RunFolder(_text.Folder(name))).Run(Machine, string.Empty);

    private static byte[] Bytes(string model) => File.ReadAllBytes(Path.Combine(model, "model.safetensors"));

    /// <summary>What a run has logged, but for its speed.</summary>
    private string Log(string name) => string.Join('\n', File.ReadLines(new RunFolder(_text.Folder(name)).MetricsPath).Select(line =>
    {
        JsonObject point = (JsonObject)JsonNode.Parse(line)!;
        Assert.True(point.Remove("tokensPerSecond"));
        return point.ToJsonString();
    }));

    /// <summary>Copies the folder of a run when a step is told, which comes behind its line and what it keeps and before its checkpoint: what a process that is killed then leaves.</summary>
    private sealed class Copies(string folder) : IProgress<TrainingProgress>
    {
        public List<int> Steps { get; } = [];

        public string Of(int step) => $"{folder}-{step}";

        public void Report(TrainingProgress value)
        {
            if (value.Phase is not "training")
            {
                return;
            }

            Steps.Add(value.Step);
            foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            {
                string copy = Path.Combine(Of(value.Step), Path.GetRelativePath(folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }
    }

    private sealed class Stop(CancellationTokenSource source, int step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Phase is "training" && value.Step >= step)
            {
                source.Cancel();
            }
        }
    }
}
