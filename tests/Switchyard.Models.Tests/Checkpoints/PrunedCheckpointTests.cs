using System.Text.Json.Nodes;
using Switchyard.Balancing;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Checkpoints of which experts were taken out.</summary>
public sealed class PrunedCheckpointTests : IDisposable
{
    private const double OfLogits = 1e-5;
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.All.Where(f => !GoldenModels.Config(f)["model_type"]!.GetValue<string>().StartsWith("bert", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Of_any_architecture_and_storage_what_is_left_computes_what_the_original_does_without_the_scores_of_what_is_gone(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        Tensor tokens = GoldenModels.Input(GoldenModels.Numbers(folder)).Tokens;
        KeptExperts[] kept = Some(model);

        (long before, long after) = CheckpointPruner.Write(Golden.Folder(folder)!, _folder["new"], kept, TestContext.Current.CancellationToken);

        Assert.Equal(before * kept[0].Experts.Count, after * model.Options.Experts);
        using MoeTransformer read = MoeTransformer.Load(_folder["new"], new ModelLoadOptions { RotaryRounding = model.Options.RotaryRounding });
        Assert.Equal(kept[0].Experts.Count, read.Options.Experts);
        Assert.Equal(model.Source!.Architecture, read.Source!.Architecture);
        using CheckpointTensors written = CheckpointTensors.Open(_folder["new"]), original = CheckpointTensors.Open(Golden.Folder(folder)!);
        Assert.All(written.Names.Where(n => !n.Contains("gate.", StringComparison.Ordinal) && !n.Contains("experts", StringComparison.Ordinal)), n => Assert.True(original.FileOf(n).Bytes(n).SequenceEqual(written.FileOf(n).Bytes(n)), n));
        CheckpointDescription described = CheckpointDescription.Of(_folder["new"]);
        Assert.Null(described.CannotRun);
        Assert.Equal(kept[0].Experts.Count, described.Moe!.Experts);

        read.Save(_folder["again"]);
        using MoeTransformer again = MoeTransformer.Load(_folder["again"], new ModelLoadOptions { RotaryRounding = model.Options.RotaryRounding });
        Assert.Equal(read.forward(tokens).data<float>().ToArray(), again.forward(tokens).data<float>().ToArray());
        if (read.Options.Experts < model.Options.Experts)
        {
            Assert.Equal(model.Options.Experts, (int)GoldenConfig(_folder["again"])["switchyard"]!["pruned"]!["experts"]!);
        }

        // What is not computed but has experts stays out: nothing is known of these.
        if (read.Options.Experts < model.Options.Experts && original.Names.Any(n => n.StartsWith($"model.layers.{model.Options.Layers}.", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain(written.Names, n => n.StartsWith($"model.layers.{model.Options.Layers}.", StringComparison.Ordinal));
            Assert.Equal(0, (int)GoldenConfig(_folder["new"])["num_nextn_predict_layers"]!);
        }

        Mask(model, kept);
        if (read.MoeLayers.Any(l => l.Selector.Options.GroupMask == GroupMask.Zero))
        {
            Mask(read, All(read));
        }

        GoldenModels.Log expected = new(), actual = new();
        Near.AssertClose(read.Run(tokens, actual).Logits, model.Run(tokens, expected).Logits, OfLogits, "logits");
        foreach (KeptExperts layer in kept)
        {
            Tensor numbers = tensor(layer.Experts.Select(e => (long)e).ToArray());
            Assert.True(numbers[actual.Layers[layer.Layer].Assignment.Experts].Equals(expected.Layers[layer.Layer].Assignment.Experts), $"experts of layer {layer.Layer}");
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Pruning_nothing_changes_nothing(string folder)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer model = GoldenModels.Load(folder);
        (long before, long after) = CheckpointPruner.Write(Golden.Folder(folder)!, _folder["new"], All(model), TestContext.Current.CancellationToken);
        Assert.Equal(before, after);
        Assert.Equal(File.ReadAllText(Path.Combine(Golden.Folder(folder)!, "config.json")), File.ReadAllText(Path.Combine(_folder["new"], "config.json")));
        using CheckpointTensors a = CheckpointTensors.Open(Golden.Folder(folder)!), b = CheckpointTensors.Open(_folder["new"]);
        Assert.Equal(a.Names.Order(StringComparer.Ordinal), b.Names.Order(StringComparer.Ordinal));
        Assert.All(a.Names, n => Assert.True(a.FileOf(n).Bytes(n).SequenceEqual(b.FileOf(n).Bytes(n)), n));
        using MoeTransformer read = MoeTransformer.Load(_folder["new"], new ModelLoadOptions { RotaryRounding = model.Options.RotaryRounding });
        Tensor tokens = GoldenModels.Input(GoldenModels.Numbers(folder)).Tokens;
        Assert.Equal(model.forward(tokens).data<float>().ToArray(), read.forward(tokens).data<float>().ToArray());
    }

    [Theory]
    [InlineData("linear+switch")]
    [InlineData("linear+bias+sigmoid-group")]
    [InlineData("attention+dual")]
    [InlineData("mlp+feedback")]
    [InlineData("mlp-hadamard+dual+z")]
    [InlineData("hybrid+noisy-topk")]
    [InlineData("lpr+bias")]
    [InlineData("linear+threshold")]
    public void Any_router_that_learns_scores_what_is_left_as_before(string recipe)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        // Sizes that equal the number of experts must not be taken for it.
        RouterOptions router = new() { HiddenSize = 1, Experts = 1, TopK = 1, KeySize = 8, HiddenWidth = 8, Bias = true, LatentPrototypes = new() { LatentSize = 4, Ema = true } };
        using MoeTransformer model = Save(new MoeLayerOptions { HiddenSize = 1, Experts = 1, TopK = 1, InnerSize = 1, Routing = RoutingRecipe.Parse(recipe), Router = router }, experts: 8, hidden: 8);
        KeptExperts[] kept = [new(0, [1, 2, 4, 5, 7]), new(1, [0, 3, 5, 6, 7])];

        CheckpointPruner.Write(_folder["model"], _folder["new"], kept, TestContext.Current.CancellationToken);

        using MoeTransformer read = MoeTransformer.Load(_folder["new"]);
        Tensor x = randn(20, 8);
        foreach ((MoeLayer before, MoeLayer after, KeptExperts layer) in model.MoeLayers.Zip(read.MoeLayers, kept))
        {
            Tensor rows = tensor(layer.Experts.Select(e => (long)e).ToArray());
            Near.AssertClose(after.Router.forward(x), before.Router.forward(x).index_select(1, rows), 1e-6, recipe);
            Assert.Equal(before.Options.Routing.Router, after.Options.Routing.Router);
            foreach ((string name, Tensor state) in before.Balancer.state_dict().Where(t => t.Value.numel() == 8))
            {
                Assert.True(after.Balancer.state_dict()[name].Equals(state.index_select(0, rows)), name);
            }
        }

        Assert.True(read.forward(randint(0, 256, new long[] { 1, 10 }, ScalarType.Int64)).isfinite().all().item<bool>());
    }

    [Fact]
    public void What_was_pruned_and_rerouted_can_be_pruned_again_and_knows_its_first_numbers()
    {
        using var scope = NewDisposeScope();
        Save().Dispose();
        CheckpointPruner.Write(_folder["model"], _folder["once"], [new(0, [0, 2, 3, 5]), new(1, [1, 2, 4, 5])], TestContext.Current.CancellationToken);
        using (MoeTransformer once = MoeTransformer.Load(_folder["once"]))
        {
            once.MoeLayers[1].Exchange(new LayerRouting(new LayerRoutingOptions { Routing = RoutingRecipe.Parse("attention+bias") }.In(once.MoeLayers[1].Options))).Dispose();
            once.SaveRerouted(_folder["other"], TestContext.Current.CancellationToken);
        }

        CheckpointPruner.Write(_folder["other"], _folder["twice"], [new(0, [1, 2]), new(1, [0, 3])], TestContext.Current.CancellationToken);
        JsonNode config = GoldenConfig(_folder["twice"]);
        Assert.Equal("switchyard_moe", (string)config["model_type"]!);
        Assert.Equal(6, (int)config["switchyard"]!["pruned"]!["experts"]!);
        Assert.Equal("""{"0":[2,3],"1":[1,5]}""", config["switchyard"]!["pruned"]!["kept"]!.ToJsonString());
        using MoeTransformer read = MoeTransformer.Load(_folder["twice"]);
        Assert.Equal(["linear", "attention"], read.MoeLayers.Select(l => l.Options.Routing.Router));
        Assert.All(read.MoeLayers, l => Assert.Equal((2, 2, 2), (l.Options.Experts, l.Router.Options.Experts, l.Balancer.Options.Experts)));
    }

    [Fact]
    public void A_map_of_kept_experts_that_disagrees_with_the_rest_of_the_file_is_refused()
    {
        Save().Dispose();
        CheckpointPruner.Write(_folder["model"], _folder["new"], [new(0, [0, 2, 3]), new(1, [1, 2, 4])], TestContext.Current.CancellationToken);
        string path = Path.Combine(_folder["new"], "config.json"), text = File.ReadAllText(path);
        Refuses("3 experts", config => config["num_experts"] = 4);
        Refuses("has 2 experts", config => ((JsonArray)config["switchyard"]!["pruned"]!["kept"]!["1"]!).RemoveAt(0));
        Refuses("layer 0", config => config["switchyard"]!["pruned"]!["kept"]!["0"]![0] = 9);
        Refuses("the layers", config => ((JsonObject)config["switchyard"]!["pruned"]!["kept"]!).Remove("0"));

        void Refuses(string part, Action<JsonNode> change)
        {
            JsonNode config = JsonNode.Parse(text)!;
            change(config);
            File.WriteAllText(path, config.ToJsonString());
            Assert.Contains(part, Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["new"])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_cannot_be_pruned_is_refused_with_a_reason_and_leaves_nothing()
    {
        Save().Dispose();
        Refuses("a token uses 2", [new(0, [0]), new(1, [0])]);
        Refuses("config.json has one number", [new(0, [0, 1]), new(1, [0, 1, 2])]);
        Refuses("MoE layers are 0, 1", [new(0, [0, 1])]);
        Refuses("ascending", [new(0, [1, 0]), new(1, [0, 1])]);
        Refuses("0 to 5", [new(0, [1, 6]), new(1, [0, 1])]);
        Assert.Throws<IOException>(() => CheckpointPruner.Write(_folder["model"], _folder["model"], [new(0, [0, 1]), new(1, [0, 1])], TestContext.Current.CancellationToken));
        Save(Routing("hash"), name: "hash").Dispose();
        Refuses("'hash'", [new(0, [0, 1]), new(1, [0, 1])], "hash");
        Save(Routing("linear+round-robin"), name: "turns").Dispose();
        Refuses("round-robin", [new(0, [0, 1]), new(1, [0, 1])], "turns");
        Save(Routing("linear+sigmoid-group") with { Selector = new() { Experts = 1, TopK = 1, Groups = 3, TopKGroup = 1 } }, name: "groups").Dispose();
        Refuses("multiple of 3", [new(0, [0, 1, 2, 4]), new(1, [0, 1, 2, 4])], "groups");
        Refuses("hold 1", [new(0, [0, 2, 4]), new(1, [0, 2, 4])], "groups");
        Assert.Equal(["groups", "hash", "model", "turns"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        void Refuses(string part, KeptExperts[] kept, string model = "model") =>
            Assert.Contains(part, Assert.Throws<ConfigurationException>(() => CheckpointPruner.Write(_folder[model], _folder["new"], kept, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_leaves_nothing_and_the_original_as_it_was()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a file stands for a folder that cannot be written");
        Save().Dispose();
        byte[] before = File.ReadAllBytes(Path.Combine(_folder["model"], "model.safetensors"));
        File.WriteAllText(_folder["file"], string.Empty);
        Assert.ThrowsAny<IOException>(() => CheckpointPruner.Write(_folder["model"], Path.Combine(_folder["file"], "new"), [new(0, [0, 1]), new(1, [0, 1])], TestContext.Current.CancellationToken));
        Assert.Equal(["file", "model"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(_folder["model"], "model.safetensors")));
    }

    public void Dispose() => _folder.Dispose();

    private static JsonNode GoldenConfig(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;

    private static KeptExperts[] All(MoeTransformer model) => [.. model.MoeLayers.Select(l => new KeptExperts(l.Options.Layer, [.. Enumerable.Range(0, l.Options.Experts)]))];

    /// <summary>About two thirds of the experts, others in each layer, equally many of each group.</summary>
    private static KeptExperts[] Some(MoeTransformer model) =>
    [
        .. model.MoeLayers.Select(l =>
        {
            int groups = l.Selector.Options.Groups, size = l.Options.Experts / groups, chosen = l.Selector.Options.TopKGroup;
            int left = Math.Max(Math.Max(2 * size / 3, 2), (l.Options.TopK + chosen - 1) / chosen);
            return new KeptExperts(l.Options.Layer, [.. Enumerable.Range(0, groups).SelectMany(g => Enumerable.Range(0, size).OrderBy(i => ((i * 5) + l.Options.Layer + g) % size).Take(left).Select(i => (g * size) + i)).Order()]);
        }),
    ];

    /// <summary>Puts the scores of all other experts at −∞, by a bias on the router and on the choice. Groups that are not chosen are masked by −∞ as well: among zeros, those of experts at −∞ would be chosen before a negative preference.</summary>
    private static void Mask(MoeTransformer model, KeptExperts[] kept)
    {
        foreach ((MoeLayer layer, KeptExperts left) in model.MoeLayers.Zip(kept))
        {
            Tensor mask = full([layer.Options.Experts], float.NegativeInfinity);
            mask.index_fill_(0, tensor(left.Experts.Select(e => (long)e).ToArray()), 0);
            RouterOptions biased = layer.Router.Options with { Bias = true };
            LayerRouting routing = new((LayerRoutingOptions.Of(layer.Options) with { Router = biased, Selector = layer.Selector.Options with { GroupMask = GroupMask.MinusInfinity } }).In(layer.Options));
            routing.Router.get_parameter("W_g")!.copy_(layer.Router.get_parameter("W_g")!);
            routing.Router.get_parameter("b")!.copy_(mask);
            if (layer.Balancer is BiasBalancer { Bias: { } bias })
            {
                ((BiasBalancer)routing.Balancer).Bias.copy_(bias + mask);
            }

            layer.Exchange(routing).Dispose();
        }

        model.eval();
    }

    private static MoeLayerOptions Routing(string recipe) => new() { HiddenSize = 1, Experts = 1, TopK = 1, InnerSize = 1, Routing = RoutingRecipe.Parse(recipe) };

    private MoeTransformer Save(MoeLayerOptions? moe = null, int experts = 6, int hidden = 48, string name = "model")
    {
        MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 256, HiddenSize = hidden, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = experts, TopK = 2, InnerSize = 24, SequenceLength = 64, InitialDeviation = 0.2, Moe = moe });
        using (no_grad())
        {
            foreach (Tensor state in model.MoeLayers.SelectMany(l => l.Balancer.state_dict().Values).Where(t => t.is_floating_point()))
            {
                state.copy_(randn_like(state));
            }
        }

        model.eval();
        model.Save(_folder[name]);
        return model;
    }
}
