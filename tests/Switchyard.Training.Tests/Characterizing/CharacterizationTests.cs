using System.Text.Json;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Characterizing;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Masking;
using Switchyard.Training.Tests.Profiles;
using Switchyard.Training.Tests.Trainers;

namespace Switchyard.Training.Tests.Characterizing;

/// <summary>One router after the other in a tiny model.</summary>
public sealed class CharacterizationTests : IDisposable
{
    private readonly TinyText _text = new();

    [Fact]
    public void Every_router_of_the_catalog_gets_a_row_beside_the_original()
    {
        CharacterizeResult result = Run("all", Config());
        Assert.Equal(["original", .. Routing.Routers.All.Names], result.Rows.Select(r => r.Name));
        Assert.Empty(result.LeftOut);
        Assert.Empty(result.Diverged);
        Assert.All(result.Rows, row =>
        {
            Assert.True(double.IsFinite(row.Loss) && double.IsFinite(row.LossAtStart) && double.IsFinite(row.LossUntrained), row.Name);
            Assert.InRange(row.Gini, 0, row.GiniWorstLayer);
            Assert.InRange(row.Sparsity.EffectiveExperts, 1, 4.000001);
            Assert.InRange(row.Agreement, 0, 1);
            Assert.Equal([1, 4], row.Latency.Select(l => l.Tokens));
            Assert.All(row.Latency, l => Assert.True(l.MicrosecondsPerToken > 0 && l.LinearMicrosecondsPerToken > 0));
            Assert.Equal(2, row.Layers.Count);
            Assert.All(row.Layers, l => Assert.Equal(result.Judged.Tokens, l.Tokens));
            Assert.Equal(row.RouterParameters, 2 * row.LayerRouterParameters);
        });
        CharacterizeRow linear = result.Rows[1];
        Assert.Equal((16 * 4, "linear", "none", 6), (linear.LayerRouterParameters, linear.Router, linear.Balance, linear.Steps));
        Assert.True(linear.SecondsPerStep > 0);
        Assert.Equal("lpr", result.Rows.Single(r => r.Router is "lpr").Balance);
        Assert.Equal(0, result.Rows.Single(r => r.Router is "hash").RouterParameters);
    }

    [Fact]
    public void The_original_is_judged_as_a_profile_judges_it()
    {
        CharacterizeResult result = Run("original", Config() with { Routers = ["linear"] });
        using MoeTransformer model = MoeTransformer.Load(Model);
        ProfileResult profile = Profiler.Run(model, new ProfileRequest { ModelPath = Model, Tokenizer = new ByteTokenizer(), Corpus = Corpus.Open(_text.Folder("text")), Text = TextOptions.For(64, 32, null, 600) }, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        CharacterizeRow original = result.Rows[0];
        Assert.Equal(profile.Loss, original.Loss, 1e-12);
        Assert.Equal(profile.Targets, result.Targets);
        Assert.Equal(profile.Layers.Average(l => l.Gini), original.Gini, 1e-12);
        Assert.Equal(profile.Layers.Average(l => l.RoutingEntropy), original.RoutingEntropy, 1e-12);
        Assert.Equal((original.Loss, 1.0, 0), (original.LossUntrained, original.Agreement, original.Steps));
    }

    [Fact]
    public void A_row_ends_where_rerouting_with_the_same_settings_ends()
    {
        CharacterizeConfig config = Config() with { Routers = ["mlp+dual"], KeepModels = true };
        CharacterizeRow row = Run("kept", config).Rows[1];
        RerouteConfig alone = config.Reroute with { Router = "mlp", Balance = "dual", Judge = config.Judge, JudgeContext = 32, JudgeTokens = 600 };
        RerouteResult rerouted = new RerouteRun(alone, new RunFolder(_text.Folder("alone"))).Run(TinyModel.Machine, string.Empty, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(rerouted.JudgedAfter!.Loss, row.Loss, 1e-12);
        Assert.Equal(rerouted.Agreement.Average(), row.Agreement);
        string kept = Path.Combine(_text.Folder("kept"), "rows", "mlp+dual", "model", "model.safetensors");
        Assert.Equal(File.ReadAllBytes(Path.Combine(rerouted.Output, "model.safetensors")), File.ReadAllBytes(kept));
    }

    [Fact]
    public void Started_fresh_the_loss_before_training_is_that_of_random_routers()
    {
        CharacterizeRow row = Run("fresh", Config() with { Routers = ["attention"], Reroute = Config().Reroute with { Start = RouterStart.Fresh } }).Rows[1];
        Assert.Equal(row.LossUntrained, row.LossAtStart);
        CharacterizeRow fitted = Run("fitted", Config() with { Routers = ["attention"] }).Rows[1];
        Assert.Equal(row.LossUntrained, fitted.LossUntrained);
        Assert.NotEqual(fitted.LossUntrained, fitted.LossAtStart);
    }

    [Fact]
    public void Interrupted_within_a_row_and_between_rows_it_goes_on_to_the_same_result()
    {
        CharacterizeConfig config = Config() with { Routers = ["linear", "attention", "lpr+dual"] };
        string whole = Text(Run("whole", config));
        string folder = _text.Folder("parts");
        bool first = true;
        foreach ((string row, string phase, int step) in new[] { ("attention", "training", 4), ("attention", "evaluating", 6), ("lpr+dual", "fitting", 1) })
        {
            using CancellationTokenSource stop = new();
            Stop progress = new(stop, row, phase, step);
            Assert.ThrowsAny<OperationCanceledException>(() => new Characterization(config, new RunFolder(folder)).Run(TinyModel.Machine, string.Empty, !first, progress, stop.Token));
            first = false;
        }

        Assert.Equal(["attention.json", "linear.json", "original.json"], Directory.GetFiles(Path.Combine(folder, "rows")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        CharacterizeResult result = new Characterization(config, new RunFolder(folder)).Run(TinyModel.Machine, string.Empty, resume: true, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(whole, Text(result));
        Assert.Empty(Directory.GetDirectories(Path.Combine(folder, "rows")));
    }

    [Fact]
    public void A_dense_decoder_is_given_experts_in_a_folder_that_goes()
    {
        string dense = _text.Folder("dense");
        TinyModel.SaveDense(dense);
        CharacterizeConfig config = Config() with { Routers = ["linear", "mlp"], Upcycle = new UpcycleOptions { Experts = 4, TopK = 2, Noise = 0.1 }, Reroute = Config().Reroute with { Model = dense, Start = RouterStart.Fresh } };
        CharacterizeResult result = Run("upcycled", config);
        Assert.Equal(("dense", 4, 2, false), (result.Model.Name, result.Model.Experts, result.Model.MoeLayers, result.Masked));
        Assert.True(double.IsFinite(result.DenseLoss!.Value));
        Assert.Equal(3, result.Rows.Count);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_text.Folder(".")), e => e.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void An_encoder_is_trained_and_judged_by_masked_tokens()
    {
        string dense = _text.Folder("encoder");
        TinyEncoder.SaveDense(dense);
        CharacterizeConfig config = Config() with { Routers = ["linear", "attention"], Upcycle = new UpcycleOptions { Experts = 4, TopK = 2, Noise = 0.5 }, Reroute = Config().Reroute with { Model = dense, Start = RouterStart.Fresh } };
        CharacterizeResult result = Run("masked", config);
        Assert.True(result.Masked);
        Assert.True(result.Targets < result.Judged.Tokens / 3);
        Assert.All(result.Rows, r => Assert.True(double.IsFinite(r.Loss)));
    }

    [Fact]
    public void What_cannot_be_done_is_said_before_anything_is_written()
    {
        AssertSays("router 'hash'", Config() with { Routers = ["hash+dual"] });
        AssertSays("'rooter'", Config() with { Routers = ["rooter"] });
        AssertSays("stands twice", Config() with { Routers = ["linear", "linear"] });
        AssertSays("no router", Config() with { Routers = [] });
        AssertSays("start is copy", Config() with { Reroute = Config().Reroute with { Start = RouterStart.Copy } });
        AssertSays("'dull'", Config() with { Balance = "dull" });
        AssertSays("experts already", Config() with { Upcycle = new UpcycleOptions { Experts = 4, TopK = 2 } });
        AssertSays("latencyTokens", Config() with { LatencyTokens = [0] });
        string dense = _text.Folder("dense");
        TinyModel.SaveDense(dense);
        AssertSays("--experts", Config() with { Reroute = Config().Reroute with { Model = dense } });
        AssertSays("topK is 9", Config() with { Reroute = Config().Reroute with { Model = dense }, Upcycle = new UpcycleOptions { Experts = 4, TopK = 9 } });
        Assert.ThrowsAny<CorpusException>(() => Run("wrong", Config() with { Judge = _text.Folder("nothing") }));
        Assert.False(Directory.Exists(_text.Folder("wrong")));
        Directory.CreateDirectory(_text.Folder("taken"));
        File.WriteAllText(Path.Combine(_text.Folder("taken"), "config.json"), "{}");
        Assert.Contains("--resume", Assert.Throws<ConfigurationException>(() => Run("taken", Config())).Message, StringComparison.Ordinal);

        void AssertSays(string text, CharacterizeConfig config) =>
            Assert.Contains(text, Assert.Throws<ConfigurationException>(() => Run("wrong", config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_balancer_that_is_asked_for_goes_to_all_rows_that_learn_and_name_none()
    {
        CharacterizeResult result = Run("balanced", Config() with { Routers = ["linear", "mlp+none", "hash"], Balance = "dual", Reroute = Config().Reroute with { DistillSteps = 1 } });
        Assert.Equal(["original", "linear+dual", "mlp", "hash"], result.Rows.Select(r => r.Name));
        Assert.Equal(["none", "dual", "none", "none"], result.Rows.Select(r => r.Balance));
    }

    [Fact]
    public void The_result_is_read_back_as_it_was_written_and_other_files_are_refused()
    {
        CharacterizeResult result = Run("json", Config() with { Routers = ["linear"] });
        string path = _text.Folder("result.json");
        CharacterizeResultJson.Write(result, path);
        Assert.Equal(Text(result), Text(CharacterizeResultJson.Read(path)));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        Assert.Equal("switchyard.characterize/1", json.RootElement.GetProperty("schema").GetString());
        Assert.True(json.RootElement.GetProperty("rows")[1].GetProperty("latency")[0].GetProperty("ratio").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("rows")[0].GetProperty("secondsPerStep").ValueKind);
        File.WriteAllText(path, "{\"schema\":\"switchyard.compare/1\"}");
        Assert.Contains("characterize", Assert.Throws<ResultFormatException>(() => CharacterizeResultJson.Read(path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _text.Dispose();

    private string Model
    {
        get
        {
            string folder = _text.Folder("model");
            if (!Directory.Exists(folder))
            {
                using MoeTransformer model = TinyModel.Make(experts: 4);
                model.Save(folder);
            }

            return folder;
        }
    }

    private CharacterizeConfig Config() => new()
    {
        Reroute = new RerouteConfig
        {
            Model = Model,
            Corpus = _text.Folder("text"),
            Context = 16,
            HeldOutShare = 0.2,
            DistillSteps = 3,
            Training = new() { Steps = 6, BatchSequences = 4, LearningRate = 1e-2, WeightDecay = 0, LogEvery = 2, EvaluateEvery = 4, EvaluateTokens = 256, CheckpointEvery = 4 },
        },
        Judge = _text.Folder("text"),
        JudgeContext = 32,
        MaxTokens = 600,
        LatencyTokens = [1, 4],
    };

    private CharacterizeResult Run(string name, CharacterizeConfig config) => new Characterization(config, new RunFolder(_text.Folder(name))).Run(TinyModel.Machine, string.Empty);

    /// <summary>Everything but times.</summary>
    private static string Text(CharacterizeResult result)
    {
        using MemoryStream stream = new();
        CharacterizeResultJson.Write(result with { Created = default, Rows = [.. result.Rows.Select(Timeless)] }, stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static CharacterizeRow Timeless(CharacterizeRow row) =>
        row with { Latency = [], Seconds = 0, SecondsPerStep = 0 };

    private sealed class Stop(CancellationTokenSource source, string row, string phase, int step) : IProgress<ComparisonProgress>
    {
        public void Report(ComparisonProgress value)
        {
            if (value.Training.Row == row && value.Training.Phase == phase && value.Training.Step == step)
            {
                source.Cancel();
            }
        }
    }
}
