using System.Text.Json.Nodes;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Dense checkpoints that were given experts.</summary>
public sealed class UpcycledCheckpointTests : IDisposable
{
    private const double OfSums = 1e-5;
    private readonly TemporaryFolder _folder = new();
    private readonly List<MoeTransformer> _read = [];

    public static TheoryData<string, int, int> Copies()
    {
        TheoryData<string, int, int> data = [];
        foreach (string family in (string[])["qwen3", "bert", "bare"])
        {
            foreach ((int experts, int topK) in ((int, int)[])[(1, 1), (4, 1), (4, 2), (5, 3), (4, 4)])
            {
                data.Add(family, experts, topK);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Copies))]
    public void Copies_compute_what_the_FFN_did_whichever_are_chosen(string family, int experts, int topK)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        MoeTransformer read = Upcycle(family, new UpcycleOptions { Experts = experts, TopK = topK });
        using MoeTransformer before = MoeTransformer.Load(_folder["dense"]);
        GoldenModels.Log log = new();
        TransformerInput input = new(DenseModels.Tokens());
        Near.AssertClose(read.Encode(input, log).Last, before.Encode(input).Last, OfSums);
        if (before.HasHead)
        {
            Near.AssertClose(read.forward(input.Tokens), before.forward(input.Tokens), OfSums);
        }

        Assert.Equal(Enumerable.Range(0, DenseModels.Layers), log.Layers.Keys.Order());
        Assert.All(log.Layers.Values, l => Assert.Equal([20, topK], l.Assignment.Experts.shape));
        Assert.True(topK == experts || log.Layers.Values.Any(l => l.Assignment.Experts.unique().output.numel() > topK), "some tokens choose others");
    }

    [Theory]
    [InlineData("qwen3", 1)]
    [InlineData("qwen3", 4)]
    [InlineData("qwen3", 3)]
    [InlineData("bert", 4)]
    [InlineData("bert", 6)]
    [InlineData("bare", 8)]
    public void Parts_compute_what_the_FFN_did_where_all_of_them_are_used(string family, int experts)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        MoeTransformer read = Upcycle(family, new UpcycleOptions { Experts = experts, TopK = experts, By = UpcycleMethod.Split });
        using MoeTransformer before = MoeTransformer.Load(_folder["dense"]);
        TransformerInput input = new(DenseModels.Tokens());
        Near.AssertClose(read.Encode(input).Last, before.Encode(input).Last, OfSums);
        Assert.Equal(DenseModels.InnerSize / experts, read.Options.InnerSize);
    }

    [Theory]
    [InlineData("qwen3")]
    [InlineData("bert")]
    public void Of_some_parts_tokens_choose_different_ones_with_nearly_equal_weights(string family)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        MoeTransformer read = Upcycle(family, new UpcycleOptions { Experts = 8, TopK = 2, By = UpcycleMethod.Split });
        GoldenModels.Log log = new();
        read.Encode(new TransformerInput(DenseModels.Tokens()), log);
        Assert.Contains(log.Layers.Values, l => l.Assignment.Experts.unique().output.numel() > 2);
        Assert.All(log.Layers.Values, l => Assert.True((l.Assignment.Weights - 0.5).abs().max().item<float>() is > 0 and < 0.01f));
    }

    [Theory]
    [InlineData("qwen3")]
    [InlineData("bert")]
    public void Noise_has_the_size_that_was_asked_for_differs_by_expert_and_repeats_with_its_seed(string family)
    {
        using var scope = NewDisposeScope();
        UpcycleOptions options = new() { Experts = 3, TopK = 2, Noise = 0.1, Seed = 5 };
        Upcycle(family, options);
        using CheckpointTensors dense = CheckpointTensors.Open(_folder["dense"]), noisy = CheckpointTensors.Open(_folder["new"]);
        (string from, string stem) = family is "qwen3" ? ("model.layers.1.mlp.up_proj.weight", "model.layers.1.mlp.experts.") : ("bert.encoder.layer.1.intermediate.dense.weight", "bert.encoder.layer.1.mlp.experts.");
        Tensor matrix = dense.Load(from);
        Tensor[] noise = [.. Enumerable.Range(0, 3).Select(e => noisy.Load($"{stem}{e}.up_proj.weight") - matrix)];
        Assert.All(noise, n => Assert.Equal(0.1, (n.std() / matrix.std()).item<float>(), 0.02));
        Assert.True((noise[0] - noise[1]).abs().max().item<float>() > 0.01 * matrix.std().item<float>());
        Assert.All(noisy.Names.Where(n => n.Contains(".experts.", StringComparison.Ordinal) && n.EndsWith("bias", StringComparison.Ordinal)), n => Assert.True(noisy.Load(n).Equals(noisy.Load(n.Replace(".experts.1.", ".experts.0.", StringComparison.Ordinal)))));

        CheckpointUpcycler.Write(_folder["dense"], _folder["same"], options, TestContext.Current.CancellationToken);
        CheckpointUpcycler.Write(_folder["dense"], _folder["other"], options with { Seed = 6 }, TestContext.Current.CancellationToken);
        Assert.Equal(Weights("new"), Weights("same"));
        Assert.NotEqual(Weights("new"), Weights("other"));
    }

    [Fact]
    public void Some_layers_stay_dense_and_everything_else_stays_as_it_lies_in_the_file()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        MoeTransformer read = Upcycle("qwen3", new UpcycleOptions { Experts = 4, TopK = 2, Layers = [2, 0, 2] }, ScalarType.BFloat16);
        Assert.Equal([0, 2], read.MoeLayers.Select(l => l.Options.Layer));
        Assert.Equal("qwen3_moe", read.Source!.Architecture.Name);
        Assert.Equal("""[1]""", Config()["mlp_only_layers"]!.ToJsonString());
        Assert.Null(Config()["switchyard"]!["architecture"]);
        using CheckpointTensors dense = CheckpointTensors.Open(_folder["dense"]), sparse = CheckpointTensors.Open(_folder["new"]);
        foreach (string name in sparse.Names.Where(n => !n.EndsWith(".gate.weight", StringComparison.Ordinal)))
        {
            string from = System.Text.RegularExpressions.Regex.Replace(name, @"\.experts\.\d+\.", ".", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
            Assert.True(dense.FileOf(from).Bytes(from).SequenceEqual(sparse.FileOf(name).Bytes(name)), name);
        }

        using MoeTransformer before = MoeTransformer.Load(_folder["dense"]);
        Near.AssertClose(read.forward(DenseModels.Tokens()), before.forward(DenseModels.Tokens()), OfSums);
    }

    [Fact]
    public void A_decoder_has_the_names_and_keys_of_the_qwen3_moe_of_transformers()
    {
        Assert.SkipWhen(Golden.Folder("models/qwen3_moe") is null, "no reference models found");
        using var scope = NewDisposeScope();
        Upcycle("qwen3", new UpcycleOptions { Experts = 16, TopK = 8 }, options: DenseModels.Options with { TiedHead = false });
        using CheckpointTensors written = CheckpointTensors.Open(_folder["new"]), golden = CheckpointTensors.Open(Golden.Folder("models/qwen3_moe")!);
        Assert.Equal(golden.Names.Order(StringComparer.Ordinal), written.Names.Order(StringComparer.Ordinal));
        JsonObject theirs = GoldenModels.Config("models/qwen3_moe"), ours = (JsonObject)Config();
        Assert.Empty(theirs.Select(p => p.Key).Except(ours.Select(p => p.Key)).Except(["bos_token_id", "eos_token_id", "pad_token_id", "transformers_version"]));
        Assert.Equal(theirs["architectures"]!.ToJsonString(), ours["architectures"]!.ToJsonString());
    }

    [Theory]
    [InlineData("qwen3")]
    [InlineData("bert")]
    public void Every_router_gives_equal_outputs_over_copies_and_is_read_back(string family)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Dense(family);
        using MoeTransformer before = MoeTransformer.Load(_folder["dense"]);
        TransformerInput input = new(DenseModels.Tokens());
        Tensor expected = before.Encode(input).Last;
        foreach (string router in Routing.Routers.All.Names)
        {
            CheckpointUpcycler.Write(_folder["dense"], _folder[router], new UpcycleOptions { Experts = 4, TopK = 2, Routing = RoutingRecipe.Parse(router), Seed = 7 }, TestContext.Current.CancellationToken);
            using MoeTransformer read = MoeTransformer.Load(_folder[router]);
            Assert.All(read.MoeLayers, l => Assert.Equal(router, l.Options.Routing.Router));
            Near.AssertClose(read.Encode(input).Last, expected, OfSums, router);
            CheckpointDescription described = CheckpointDescription.Of(_folder[router]);
            Assert.Null(described.CannotRun);
            Assert.Equal(read.TotalParameters, described.Parameters - TablesOf(read));
            read.SaveRerouted(_folder["again-" + router], TestContext.Current.CancellationToken);
            Assert.Equal(Weights(router), Weights("again-" + router));
        }

        // Buffers, such as the table of a hash router, are no parameters.
        static long TablesOf(MoeTransformer model) => ModelTensors.OfRouting(model, model.MoeLayers.Select(l => l.Options.Layer)).Sum(t => t.Tensor.numel()) - model.RouterParameters;
    }

    [Fact]
    public void An_encoder_can_be_pruned_quantized_rerouted_and_saved()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        MoeTransformer read = Upcycle("bert", new UpcycleOptions { Experts = 4, TopK = 2, Layers = [1, 2] });
        TransformerInput input = new(DenseModels.Tokens());
        Tensor expected = read.Encode(input).Last;
        Assert.Equal("bert", read.Source!.Architecture.Name);
        Assert.Equal("switchyard_moe", (string)Config()["model_type"]!);
        CheckpointDescription described = CheckpointDescription.Of(_folder["new"]);
        Assert.Equal(("switchyard_moe", "bert", 2), (described.Architecture, described.BaseArchitecture, described.Moe!.MoeLayers.Count));
        Assert.Equal((read.TotalParameters, read.ActiveParameters), (described.Parameters, described.ActiveParameters!.Value));

        Assert.Equal(4L * (described.Parameters - (described.MappedBytes / 4)), described.LoadedBytes);
        Assert.InRange(described.LoadedBytes, 4L * 2 * 4 * described.Moe.ParametersOfAnExpert, described.Bytes);

        CheckpointPruner.Write(_folder["new"], _folder["pruned"], [new(1, [0, 2]), new(2, [1, 3])], TestContext.Current.CancellationToken);
        using MoeTransformer pruned = MoeTransformer.Load(_folder["pruned"]);
        Near.AssertClose(pruned.Encode(input).Last, expected, OfSums, "pruned");
        CheckpointQuantizer.Write(_folder["new"], _folder["int8"], 8, 8, TestContext.Current.CancellationToken);
        using MoeTransformer small = MoeTransformer.Load(_folder["int8"]);
        Near.AssertClose(small.Encode(input).Last, expected, 0.05, "quantized");
        read.Save(_folder["saved"]);
        using MoeTransformer saved = MoeTransformer.Load(_folder["saved"]);
        Assert.Equal(expected.data<float>().ToArray(), saved.Encode(input).Last.data<float>().ToArray());
        read.MoeLayers[1].Exchange(new LayerRouting(new LayerRoutingOptions { Routing = RoutingRecipe.Parse("mlp+bias") }.In(read.MoeLayers[1].Options))).Dispose();
        read.SaveRerouted(_folder["rerouted"], TestContext.Current.CancellationToken);
        using MoeTransformer rerouted = MoeTransformer.Load(_folder["rerouted"]);
        Assert.Equal(["linear", "mlp"], rerouted.MoeLayers.Select(l => l.Options.Routing.Router));
        Near.AssertClose(rerouted.Encode(input).Last, expected, OfSums, "rerouted");
    }

    [Fact]
    public void Files_beside_the_weights_come_along()
    {
        Dense("qwen3");
        File.WriteAllText(Path.Combine(_folder["dense"], "tokenizer.json"), "{}");
        CheckpointUpcycler.Write(_folder["dense"], _folder["new"], new UpcycleOptions { Experts = 2, TopK = 1 }, TestContext.Current.CancellationToken);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(_folder["new"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_sliding_window_of_all_layers_stays_and_one_of_some_is_refused()
    {
        Dense("qwen3");
        string path = Path.Combine(_folder["dense"], "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        (config["use_sliding_window"], config["sliding_window"], config["max_window_layers"]) = (true, 4, 1);
        File.WriteAllText(path, config.ToJsonString());
        Refuses("2 of the 3 layers have a sliding window", new UpcycleOptions { Experts = 2, TopK = 1 });
        config["max_window_layers"] = 9;
        File.WriteAllText(path, config.ToJsonString());
        CheckpointUpcycler.Write(_folder["dense"], _folder["none"], new UpcycleOptions { Experts = 2, TopK = 1 }, TestContext.Current.CancellationToken);
        config["max_window_layers"] = 0;
        File.WriteAllText(path, config.ToJsonString());
        CheckpointUpcycler.Write(_folder["dense"], _folder["all"], new UpcycleOptions { Experts = 2, TopK = 1 }, TestContext.Current.CancellationToken);
        using MoeTransformer none = MoeTransformer.Load(_folder["none"]), all = MoeTransformer.Load(_folder["all"]);
        Assert.Equal((0, 4), (none.Options.SlidingWindow, all.Options.SlidingWindow));
    }

    [Fact]
    public void What_cannot_be_upcycled_is_refused_with_a_reason_and_leaves_nothing()
    {
        Dense("qwen3");
        UpcycleOptions usual = new() { Experts = 4, TopK = 2 };
        Refuses("experts is 0", usual with { Experts = 0 });
        Refuses("experts is 99999", usual with { Experts = 99_999 });
        Refuses("topK is 5; with 4 experts", usual with { TopK = 5 });
        Refuses("topK is 0", usual with { TopK = 0 });
        Refuses("noise is -1", usual with { Noise = -1 });
        Refuses("noise is NaN", usual with { Noise = double.NaN });
        Refuses("does not divide into 5 experts", usual with { Experts = 5, By = UpcycleMethod.Split });
        Refuses("noise is for copies", usual with { Noise = 0.1, By = UpcycleMethod.Split });
        Refuses("router 'mlp' gives unequal ones", usual with { Routing = RoutingRecipe.Parse("mlp"), By = UpcycleMethod.Split });
        Refuses("layer 3 is named", usual with { Layers = [1, 3] });
        Refuses("no layer", usual with { Layers = [] });
        CheckpointUpcycler.Write(_folder["dense"], _folder["once"], usual, TestContext.Current.CancellationToken);
        Refuses("has experts already", usual, "once");
        Assert.Throws<IOException>(() => CheckpointUpcycler.Write(_folder["dense"], _folder["once"], usual, TestContext.Current.CancellationToken));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["dense"], "config.json")))!;
        config["switchyard"] = new JsonObject { ["schema"] = "switchyard.model/1", ["queryKeyNorm"] = true };
        File.WriteAllText(Path.Combine(_folder["dense"], "config.json"), config.ToJsonString());
        Refuses("section 'switchyard'", usual);
        config["intermediate_size"] = 48;
        File.WriteAllText(Path.Combine(_folder["dense"], "config.json"), config.ToJsonString());
        Assert.Throws<CheckpointFormatException>(() => CheckpointUpcycler.Write(_folder["dense"], _folder["new"], usual, TestContext.Current.CancellationToken));
        Assert.Equal(["dense", "once"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_leaves_nothing_and_the_original_as_it_was()
    {
        Dense("bert");
        byte[] before = Weights("dense");
        File.WriteAllText(_folder["file"], string.Empty);
        Assert.ThrowsAny<IOException>(() => CheckpointUpcycler.Write(_folder["dense"], Path.Combine(_folder["file"], "new"), new UpcycleOptions { Experts = 2, TopK = 1 }, TestContext.Current.CancellationToken));
        Assert.Equal(["dense", "file"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(before, Weights("dense"));
    }

    [Fact]
    public void Sizes_in_the_file_of_an_encoder_with_experts_are_compared_with_its_tensors()
    {
        Upcycle("bert", new UpcycleOptions { Experts = 4, TopK = 2 });
        string path = Path.Combine(_folder["new"], "config.json"), text = File.ReadAllText(path);
        foreach ((string key, JsonNode? value) in ((string, JsonNode?)[])[("num_experts", 2_000_000_000), ("num_experts", 3), ("num_experts", 0), ("num_experts_per_tok", 5), ("moe_intermediate_size", 1 << 30), ("mlp_only_layers", new JsonArray(0)), ("mlp_only_layers", new JsonArray(7)), ("norm_topk_prob", null), ("architectures", new JsonArray("SwitchyardMoeForCausalLM"))])
        {
            JsonNode config = JsonNode.Parse(text)!;
            config[key] = value;
            File.WriteAllText(path, config.ToJsonString());
            Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["new"]));
        }
    }

    [Fact]
    public void A_real_encoder_of_half_precision_gives_the_same_sentence_states()
    {
        Assert.SkipWhen(Golden.Folder("models/minilm") is null, "the reference model minilm is not there");
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        string folder = Golden.Folder("models/minilm")!;
        TransformerInput input = GoldenModels.Input(GoldenModels.Numbers("models/minilm"));
        using MoeTransformer before = MoeTransformer.Load(folder);
        Tensor expected = before.Encode(input).Last;
        foreach (UpcycleOptions options in (UpcycleOptions[])[new() { Experts = 4, TopK = 2 }, new() { Experts = 4, TopK = 4, By = UpcycleMethod.Split }])
        {
            string name = options.By.ToString();
            CheckpointUpcycler.Write(folder, _folder[name], options, TestContext.Current.CancellationToken);
            using MoeTransformer read = MoeTransformer.Load(_folder[name]);
            Near.AssertClose(read.Encode(input).Last, expected, OfSums, name);
        }
    }

    public void Dispose()
    {
        _read.ForEach(m => m.Dispose());
        _folder.Dispose();
    }

    private void Dense(string family, ScalarType type = ScalarType.Float32, MoeTransformerOptions? options = null)
    {
        if (family is not "qwen3")
        {
            DenseModels.SaveEncoder(_folder["dense"], head: family is "bert", type);
            return;
        }

        DenseModels.SaveDecoder(_folder["dense"], options);
        if (type != ScalarType.Float32)
        {
            using var scope = NewDisposeScope();
            using CheckpointTensors tensors = CheckpointTensors.Open(_folder["dense"]);
            (string, Tensor)[] all = [.. tensors.Names.Select(n => (n, tensors.Load(n).to(type)))];
            SafetensorsWriter.Write(Path.Combine(_folder["dense"], "model.safetensors"), all);
        }
    }

    private MoeTransformer Upcycle(string family, UpcycleOptions upcycle, ScalarType type = ScalarType.Float32, MoeTransformerOptions? options = null)
    {
        Dense(family, type, options);
        CheckpointUpcycler.Write(_folder["dense"], _folder["new"], upcycle, TestContext.Current.CancellationToken);
        MoeTransformer read = MoeTransformer.Load(_folder["new"]);
        _read.Add(read);
        return read;
    }

    private void Refuses(string part, UpcycleOptions options, string model = "dense") =>
        Assert.Contains(part, Assert.Throws<ConfigurationException>(() => CheckpointUpcycler.Write(_folder[model], _folder["new"], options, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    private JsonNode Config() => JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["new"], "config.json")))!;

    private byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(_folder[name], "model.safetensors"));
}
