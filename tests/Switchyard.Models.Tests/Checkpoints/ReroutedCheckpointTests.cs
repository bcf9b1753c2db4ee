using System.Text.Json.Nodes;
using Switchyard.Balancing;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Checkpoints of which routers were replaced.</summary>
public sealed class ReroutedCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Folders
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string folder in GoldenModels.WithExperts.DefaultIfEmpty(string.Empty))
            {
                data.Add(folder, "attention+dual");
                data.Add(folder, "lpr+bias");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_model_of_any_architecture_keeps_all_but_its_routers_byte_for_byte_and_computes_the_same_when_read(string folder, string recipe)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        MoeLayer last = model.MoeLayers[^1];
        random.manual_seed(5);
        Exchange(last, recipe);
        (last.Balancer is BiasBalancer biased ? biased.Bias : ((DualBalancer)last.Balancer).AveragePrice).copy_(randn(last.Options.Experts));
        Tensor tokens = GoldenModels.Input(GoldenModels.Numbers(folder)).Tokens;
        float[] expected = model.Encode(new TransformerInput(tokens)).Last.data<float>().ToArray();

        model.SaveRerouted(_folder["new"], TestContext.Current.CancellationToken);

        using MoeTransformer read = MoeTransformer.Load(_folder["new"], new ModelLoadOptions { RotaryRounding = model.Options.RotaryRounding });
        Assert.Equal(model.Source!.Architecture, read.Source!.Architecture);
        Assert.Equal(recipe.Split('+')[0], read.MoeLayers[^1].Options.Routing.Router);
        Assert.Equal(expected, read.Encode(new TransformerInput(tokens)).Last.data<float>().ToArray());
        using CheckpointTensors before = CheckpointTensors.Open(Golden.Folder(folder)!), after = CheckpointTensors.Open(_folder["new"]);
        string[] gone = [.. before.Names.Where(n => !after.Has(n))];
        Assert.NotEmpty(gone);
        Assert.All(gone, n => Assert.Contains("gate", n, StringComparison.Ordinal));
        string routing = $"layers.{last.Options.Layer}.{(before.Names.Any(n => n.Contains("block_sparse_moe", StringComparison.Ordinal)) ? "block_sparse_moe" : "mlp")}.gate.";
        Assert.All(before.Names.Where(n => !n.Contains(routing, StringComparison.Ordinal)), n => Assert.True(before.FileOf(n).Bytes(n).SequenceEqual(after.FileOf(n).Bytes(n)), n));
        JsonObject config = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["new"], "config.json")))!;
        Assert.Equal("switchyard_moe", (string)config["model_type"]!);
        CheckpointDescription described = CheckpointDescription.Of(_folder["new"]);
        Assert.Null(described.CannotRun);
        Assert.Contains($"layer {last.Options.Layer}: {recipe.Split('+')[0]}", described.Moe!.Routing, StringComparison.Ordinal);

        read.Save(_folder["again"]);
        using MoeTransformer again = MoeTransformer.Load(_folder["again"], new ModelLoadOptions { RotaryRounding = model.Options.RotaryRounding });
        Assert.Equal(expected, again.Encode(new TransformerInput(tokens)).Last.data<float>().ToArray());
    }

    [Fact]
    public void Routers_that_are_as_they_were_leave_the_checkpoint_as_it_was()
    {
        Save();
        using MoeTransformer model = MoeTransformer.Load(_folder["model"]);
        model.SaveRerouted(_folder["new"], TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["model"], "model.safetensors")).Order(), File.ReadAllBytes(Path.Combine(_folder["new"], "model.safetensors")).Order());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["model"], "config.json"))), JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["new"], "config.json")))));
    }

    [Fact]
    public void A_linear_router_with_a_balancing_loss_is_one_that_transformers_knows()
    {
        using var scope = NewDisposeScope();
        Save();
        using MoeTransformer model = MoeTransformer.Load(_folder["model"]);
        Exchange(model.MoeLayers[0], "linear+switch");
        model.SaveRerouted(_folder["new"], TestContext.Current.CancellationToken);
        Assert.Equal("qwen3_moe", (string)JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["new"], "config.json")))!["model_type"]!);
        using MoeTransformer read = MoeTransformer.Load(_folder["new"]);
        Tensor tokens = arange(20).reshape(2, 10);
        Assert.Equal(model.forward(tokens).data<float>().ToArray(), read.forward(tokens).data<float>().ToArray());
    }

    [Fact]
    public void A_map_of_layers_that_the_model_does_not_have_is_an_error_that_names_the_layer()
    {
        using var scope = NewDisposeScope();
        Save();
        using (MoeTransformer model = MoeTransformer.Load(_folder["model"]))
        {
            Exchange(model.MoeLayers[1], "mlp+bias");
            model.SaveRerouted(_folder["new"], TestContext.Current.CancellationToken);
        }

        string path = Path.Combine(_folder["new"], "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config["switchyard"]!["rerouted"]![0]!["layers"]![0] = 7;
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains("no MoE layer 7", Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["new"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_there_is_not_written_over_and_a_made_model_has_no_checkpoint_to_copy()
    {
        Save();
        using MoeTransformer model = MoeTransformer.Load(_folder["model"]), made = new(new MoeTransformerOptions());
        Assert.Throws<IOException>(() => model.SaveRerouted(_folder["model"], TestContext.Current.CancellationToken));
        Assert.Throws<NotSupportedException>(() => made.SaveRerouted(_folder["new"], TestContext.Current.CancellationToken));
        Assert.Equal(["model"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    public void Dispose() => _folder.Dispose();

    private static void Exchange(MoeLayer layer, string recipe) => layer
        .Exchange(new LayerRouting(new LayerRoutingOptions { Routing = RoutingRecipe.Parse($"{recipe}+{layer.Options.Routing.Selector}"), Selector = layer.Options.Selector }.In(layer.Options)))
        .Dispose();

    private void Save()
    {
        using MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 256, HiddenSize = 48, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = 4, TopK = 2, InnerSize = 24, SequenceLength = 64, InitialDeviation = 0.2 });
        model.Save(_folder["model"]);
    }
}
