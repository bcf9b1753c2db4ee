using System.Text.Json.Nodes;
using Switchyard.Balancing;
using Switchyard.Experts;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;
using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

public sealed class ModelFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Recipes =>
    [
        .. Routers.All.Names,
        .. Balancers.All.Where(b => !b.NeedsRouterLoss && b.Name != "none").Select(b => $"linear+{b.Name}"),
        .. Selectors.All.Where(s => s.SupportsChoiceBias && s.Name != "softmax-topk").Select(s => $"linear+{s.Name}"),
    ];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_saved_model_gives_the_same_logits_bit_for_bit(string recipe)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer model = new(Options(recipe));
        TrainALittle(model);

        using MoeTransformer loaded = SavedAndLoaded(model);

        AssertSame(model, loaded);
    }

    [Fact]
    public void So_does_one_with_every_option_set()
    {
        using var scope = NewDisposeScope();
        MoeTransformerOptions options = Options("lpr+sigmoid-group");
        options = options with
        {
            Activation = ExpertActivation.Gelu,
            SharedInnerSize = 6,
            SharedGate = true,
            TiedHead = false,
            MoeEvery = 2,
            DenseInnerSize = 12,
            QueryKeyNorm = false,
            Moe = options.Moe! with
            {
                ExpertBias = true,
                Capacity = "position",
                CapacityFactor = 0.5,
                Router = options.Moe!.Router! with { LatentPrototypes = new LatentPrototypeOptions { LatentSize = 5, Similarity = PrototypeSimilarity.Mahalanobis } },
                Selector = new SelectorOptions { Experts = 1, TopK = 1, Normalize = false, Groups = 2, TopKGroup = 1, Scale = 2 },
            },
        };
        using MoeTransformer model = new(options);
        TrainALittle(model);

        using MoeTransformer loaded = SavedAndLoaded(model);

        AssertSame(model, loaded);
        Assert.Equal(options.Moe!.Routing, loaded.Options.Moe!.Routing);
    }

    [Theory]
    [InlineData("linear", true)]
    [InlineData("linear+switch", true)]
    [InlineData("linear+bias", false)]
    [InlineData("linear+dual", false)]
    [InlineData("linear+topk-softmax", false)]
    [InlineData("mlp", false)]
    public void Only_what_transformers_would_compute_alike_calls_itself_qwen3_moe(string recipe, bool plain)
    {
        using MoeTransformer model = new(Options(recipe));
        model.Save(_folder["model"]);

        Assert.Equal(plain ? "qwen3_moe" : "switchyard_moe", (string?)Config()["model_type"]);
    }

    [Fact]
    public void Saving_again_replaces_the_model_and_leaves_other_files()
    {
        using var scope = NewDisposeScope();
        using MoeTransformer first = new(Options("linear"));
        using MoeTransformer second = new(Options("mlp") with { HiddenSize = 24 });
        first.Save(_folder["model"]);
        File.WriteAllText(Path.Combine(_folder["model"], "tokenizer.json"), "{}");

        using MoeTransformer loaded = SavedAndLoaded(second);

        AssertSame(second, loaded);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(_folder["model"]).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("vocab_size", null, "'vocab_size' is missing")]
    [InlineData("hidden_size", "\"wide\"", "must be a whole number")]
    [InlineData("hidden_size", "17", "config.json says")]
    [InlineData("num_hidden_layers", "3", "model.layers.2")]
    [InlineData("decoder_sparse_step", "0", "decoder_sparse_step is 0")]
    [InlineData("num_hidden_layers", "-1", "num_hidden_layers is -1")]
    [InlineData("num_hidden_layers", "2000000000", "it must lie between 1 and")]
    [InlineData("switchyard", "{\"executor\":null}", "executor")]
    [InlineData("num_experts", "1000000000", "mlp.experts.999999999")]
    [InlineData("max_position_embeddings", "2000000000", "positions")]
    [InlineData("model_type", "\"llama\"", "model_type is 'llama'")]
    [InlineData("quantization_config", "{}", "quant_method")]
    [InlineData("rope_scaling", "{\"type\":\"yarn\"}", "'rope_scaling.factor' is missing")]
    [InlineData("rope_scaling", "{\"type\":\"spiral\",\"factor\":2}", "of kind 'spiral'")]
    [InlineData("rope_scaling", "{\"factor\":2}", "'rope_scaling.type' is missing")]
    [InlineData("mlp_only_layers", "[0]", "model.layers.0.mlp.down_proj.weight")]
    [InlineData("mlp_only_layers", "[2]", "mlp_only_layers names layer 2")]
    [InlineData("mlp_only_layers", "[true]", "an array of whole numbers")]
    [InlineData("attention_bias", "true", "self_attn.k_proj.bias")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act is 'gelu'")]
    [InlineData("num_key_value_heads", "0", "num_key_value_heads is 0; it must be positive")]
    [InlineData("num_key_value_heads", "3", "num_key_value_heads is 3, which does not divide num_attention_heads, 4")]
    [InlineData("num_experts_per_tok", "5", "num_experts_per_tok is 5; with num_experts 4 it lies between 1 and 4")]
    [InlineData("num_experts_per_tok", "0", "num_experts_per_tok is 0")]
    [InlineData("num_experts", "0", "num_experts is 0")]
    [InlineData("moe_intermediate_size", "-2", "moe_intermediate_size is -2")]
    [InlineData("vocab_size", "0", "vocab_size is 0")]
    [InlineData("hidden_size", "0", "hidden_size is 0")]
    [InlineData("head_dim", "7", "head_dim is 7; it must be positive and even")]
    [InlineData("max_position_embeddings", "0", "max_position_embeddings is 0")]
    [InlineData("decoder_sparse_step", "3", "decoder_sparse_step is 3, more than num_hidden_layers, 2")]
    [InlineData("switchyard", "{\"schema\":\"switchyard.model/9\"}", "switchyard.model/9")]
    [InlineData("switchyard", "{\"routing\":\"linaer\"}", "linear")]
    [InlineData("switchyard", "{\"router\":{\"hiddenWidht\":3}}", "hiddenWidht")]
    public void A_bad_configuration_is_an_error_that_names_file_and_key(string key, string? value, string message)
    {
        using MoeTransformer model = new(Options("linear"));
        model.Save(_folder["model"]);
        JsonObject config = Config();
        config.Remove(key);
        if (value is not null)
        {
            config[key] = JsonNode.Parse(value);
        }

        File.WriteAllText(Path.Combine(_folder["model"], "config.json"), config.ToJsonString());

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["model"]));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["model"], e.File, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_and_unexpected_tensors_are_listed()
    {
        using MoeTransformer model = new(Options("linear"));
        model.Save(_folder["model"]);
        string path = Path.Combine(_folder["model"], "model.safetensors");
        using (var scope = NewDisposeScope())
        {
            List<(string, Tensor)> tensors = [];
            using (SafetensorsFile file = SafetensorsFile.Open(path))
            {
                tensors.AddRange(file.Entries.Keys.Select(n => (n == "model.layers.0.mlp.gate.weight" ? "stranger" : n, file.Load(n))));
            }

            SafetensorsWriter.Write(path, tensors);
        }

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["model"]));
        Assert.Contains("1 tensors are missing: model.layers.0.mlp.gate.weight", e.Message, StringComparison.Ordinal);
        Assert.Contains("1 tensors are unexpected: stranger", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fused_experts_are_read_as_they_are_or_transposed(bool transposed)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer model = new(Options("linear"));
        TrainALittle(model);
        model.Save(_folder["model"]);
        List<(string, Tensor)> tensors = [.. ModelTensors.Of(model).Where(t => !t.Name.Contains(".experts.", StringComparison.Ordinal))];
        foreach (MoeLayer layer in model.MoeLayers)
        {
            string prefix = $"model.layers.{layer.Options.Layer}.mlp.experts.";
            tensors.Add((prefix + "gate_up_proj", transposed ? layer.Experts.GateUp.transpose(1, 2) : layer.Experts.GateUp));
            tensors.Add((prefix + "down_proj", transposed ? layer.Experts.Down.transpose(1, 2) : layer.Experts.Down));
        }

        SafetensorsWriter.Write(Path.Combine(_folder["model"], "model.safetensors"), tensors);

        using MoeTransformer loaded = MoeTransformer.Load(_folder["model"], new ModelLoadOptions { Trainable = true });
        AssertSame(model, loaded);
    }

    [Fact]
    public void A_folder_that_holds_no_model_is_an_error()
    {
        Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["nothing"]));
        Directory.CreateDirectory(_folder["model"]);
        File.WriteAllText(Path.Combine(_folder["model"], "config.json"), "{ not JSON");
        Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["model"]));
        using MoeTransformer model = new(Options("linear"));
        model.Save(_folder["model"]);
        File.Delete(Path.Combine(_folder["model"], "model.safetensors"));
        Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["model"]));
    }

    [Fact]
    public void Saving_and_loading_leave_no_tensors_but_those_of_the_model()
    {
        using MoeTransformer model = new(Options("linear"));
        model.Save(_folder["model"]);

        Assert.Equal(0, LeftBy(() => new MoeTransformer(Options("linear")).Dispose()));
        Assert.Equal(0, LeftBy(() => MoeTransformer.Load(_folder["model"]).Dispose()));
        Assert.Equal(0, LeftBy(() => model.Save(_folder["model"])));
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_tensor_is_written_once(string recipe)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer model = new(Options(recipe));
        HashSet<Tensor> state = new(model.state_dict().Values, ReferenceEqualityComparer.Instance);

        (string Name, Tensor Tensor)[] written = [.. ModelTensors.Of(model)];

        Assert.Equal(state.Sum(t => t.numel()), written.Sum(t => t.Tensor.numel()));
        Assert.DoesNotContain(written, t => t.Name.Contains("._", StringComparison.Ordinal) || t.Name.Contains('<', StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static MoeTransformerOptions Options(string recipe) => new()
    {
        VocabularySize = 32,
        HiddenSize = 16,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 6,
        SequenceLength = 12,
        RotaryTheta = 5000,
        Experts = 4,
        TopK = 2,
        InnerSize = 10,
        Seed = 7,
        Moe = new MoeLayerOptions
        {
            HiddenSize = 1,
            Experts = 1,
            TopK = 1,
            InnerSize = 1,
            Routing = RoutingRecipe.Parse(recipe),
            Router = new RouterOptions { HiddenSize = 1, Experts = 1, TopK = 1, KeySize = 6, HiddenWidth = 10, Hash = HashMode.Balanced },
        },
    };

    private static long LeftBy(Action work)
    {
        work();
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
        {
            work();
        }

        return TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
    }

    private static Tensor Tokens() => (arange(24, ScalarType.Int64) * 7 % 32).reshape(2, 12);

    /// <summary>A step that leaves no weight and no buffer as it was made.</summary>
    private static void TrainALittle(MoeTransformer model)
    {
        model.train();
        MoeTransformerOutput output = model.Run(Tokens());
        Tensor loss = output.Logits.square().mean();
        (output.BalanceLoss is { } balance ? loss + balance : loss).backward();
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in model.parameters())
            {
                parameter.add_(randn_like(parameter), alpha: 0.1);
            }
        }

        model.AfterStep();
    }

    private static void AssertSame(MoeTransformer model, MoeTransformer loaded)
    {
        model.eval();
        using var quiet = no_grad();
        Dictionary<string, Tensor> state = model.state_dict();
        Dictionary<string, Tensor> read = loaded.state_dict();
        Assert.Equal(state.Keys.Order(StringComparer.Ordinal), read.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, Tensor tensor) in state)
        {
            Assert.True(tensor.Equals(read[name]), name);
        }

        Assert.False(loaded.training);
        Assert.True(model.forward(Tokens()).Equals(loaded.forward(Tokens())));
    }

    private MoeTransformer SavedAndLoaded(MoeTransformer model)
    {
        model.Save(_folder["model"]);
        return MoeTransformer.Load(_folder["model"], new ModelLoadOptions { Trainable = true });
    }

    private JsonObject Config() => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["model"], "config.json")))!;
}
