using System.Text.Json.Nodes;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Checkpoints;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Architectures;

/// <summary>The dense decoder <c>qwen3</c>.</summary>
public sealed class Qwen3Tests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.All.Where(f => Path.GetFileName(f) is "qwen3_moe" or "trained-qwen3_moe" or "qwen3_moe-fused"));

    [Theory]
    [MemberData(nameof(Folders))]
    public void It_computes_what_a_qwen3_moe_of_one_expert_with_the_same_weights_computes(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        bool fused = folder.EndsWith("fused", StringComparison.Ordinal);
        using CheckpointTensors tensors = CheckpointTensors.Open(Golden.Folder(folder)!);
        List<(string, Tensor)> sparse = [], dense = [];
        foreach (string name in tensors.Names)
        {
            Tensor tensor = tensors.Load(name);
            if (!name.Contains(".mlp.", StringComparison.Ordinal))
            {
                sparse.Add((name, tensor));
                dense.Add((name, tensor));
            }
            else if (name.EndsWith(".gate.weight", StringComparison.Ordinal))
            {
                sparse.Add((name, tensor[..1]));
            }
            else if (fused)
            {
                sparse.Add((name, tensor[..1]));
                string stem = name[..name.IndexOf("experts.", StringComparison.Ordinal)];
                dense.AddRange(name.EndsWith("gate_up_proj", StringComparison.Ordinal)
                    ? tensor[0].chunk(2, 0).Zip((string[])["gate_proj", "up_proj"], (t, part) => ($"{stem}{part}.weight", t))
                    : [($"{stem}down_proj.weight", tensor[0])]);
            }
            else if (name.Contains(".experts.0.", StringComparison.Ordinal))
            {
                sparse.Add((name, tensor));
                dense.Add((name.Replace(".experts.0.", ".", StringComparison.Ordinal), tensor));
            }
        }

        JsonObject config = GoldenModels.Config(folder);
        (config["num_experts"], config["num_experts_per_tok"], config["norm_topk_prob"]) = (1, 1, true);
        Write("sparse", config, sparse);
        foreach (string key in (string[])["num_experts", "num_experts_per_tok", "norm_topk_prob", "decoder_sparse_step", "mlp_only_layers", "router_aux_loss_coef", "output_router_logits"])
        {
            config.Remove(key);
        }

        (config["model_type"], config["intermediate_size"]) = ("qwen3", (int)config["moe_intermediate_size"]!);
        config.Remove("moe_intermediate_size");
        Write("dense", config, dense);
        using MoeTransformer expected = MoeTransformer.Load(_folder["sparse"]), actual = MoeTransformer.Load(_folder["dense"]), trainable = MoeTransformer.Load(_folder["dense"], new ModelLoadOptions { Trainable = true });
        Tensor tokens = GoldenModels.Input(GoldenModels.Numbers(folder)).Tokens;
        Tensor logits = expected.forward(tokens);
        Near.AssertClose(actual.forward(tokens), logits, 1e-5);
        Near.AssertClose(trainable.forward(tokens), logits, 1e-5);
        Assert.Empty(actual.MoeLayers);
        Assert.Equal((actual.TotalParameters, expected.TotalParameters - expected.RouterParameters), (actual.ActiveParameters, actual.TotalParameters));

        CheckpointDescription described = CheckpointDescription.Of(_folder["dense"]);
        Assert.Null(described.CannotRun);
        Assert.Null(described.Moe);
        Assert.Equal((actual.TotalParameters, actual.TotalParameters), (described.Parameters, described.ActiveParameters!.Value));
    }

    [Fact]
    public void A_dense_model_that_was_made_is_saved_as_one_and_read_with_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer made = new(DenseModels.Options with { TiedHead = false });
        made.eval();
        made.Save(_folder["dense"]);
        JsonObject config = Config();
        Assert.Equal(("qwen3", "Qwen3ForCausalLM"), ((string)config["model_type"]!, (string)config["architectures"]![0]!));
        Assert.DoesNotContain(config, p => p.Key.Contains("expert", StringComparison.Ordinal));
        using MoeTransformer read = MoeTransformer.Load(_folder["dense"], new ModelLoadOptions { Trainable = true });
        Assert.Equal(made.forward(DenseModels.Tokens()).data<float>().ToArray(), read.forward(DenseModels.Tokens()).data<float>().ToArray());
        using MoeTransformer other = new(DenseModels.Options with { QueryKeyNorm = false });
        Assert.Throws<NotSupportedException>(() => other.Save(_folder["other"]));
    }

    [Fact]
    public void A_copy_of_the_tied_head_is_left_out()
    {
        using var scope = NewDisposeScope();
        DenseModels.SaveDecoder(_folder["dense"]);
        using (CheckpointTensors tensors = CheckpointTensors.Open(_folder["dense"]))
        {
            Write("copied", Config(), [.. tensors.Names.Select(n => (n, tensors.Load(n))), ("lm_head.weight", tensors.Load("model.embed_tokens.weight"))]);
        }

        using MoeTransformer read = MoeTransformer.Load(_folder["copied"]);
        Assert.Equal([("copies of tied weights", 1)], read.Source!.LeftOut.Select(l => (l.Key, l.Value)));
    }

    [Fact]
    public void Its_windows_are_those_of_the_layers_that_are_named_or_of_the_last_ones()
    {
        DenseModels.SaveDecoder(_folder["dense"]);
        Assert.Equal([false, true, true], Windows(c => c["max_window_layers"] = 1));
        Assert.Equal([true, false, true], Windows(c => (c["max_window_layers"], c["layer_types"]) = (1, new JsonArray("sliding_attention", "full_attention", "sliding_attention"))));
        Assert.Equal([false, false, false], Windows(c => (c["max_window_layers"], c["use_sliding_window"]) = (1, false)));
        Assert.Contains("'max_window_layers' is missing", Refusal(c => c.Remove("max_window_layers")), StringComparison.Ordinal);
        Assert.Contains("names 1 layers", Refusal(c => c["layer_types"] = new JsonArray("full_attention")), StringComparison.Ordinal);
        Assert.Contains("'chunked_attention'", Refusal(c => c["layer_types"] = new JsonArray("full_attention", "full_attention", "chunked_attention")), StringComparison.Ordinal);

        bool[] Windows(Action<JsonObject> change)
        {
            Change(change);
            using MoeTransformer model = MoeTransformer.Load(_folder["dense"]);
            return [.. Enumerable.Range(0, DenseModels.Layers).Select(model.Options.HasWindow)];
        }

        string Refusal(Action<JsonObject> change)
        {
            Change(change);
            return Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["dense"])).Message;
        }

        void Change(Action<JsonObject> change)
        {
            JsonObject config = Config();
            (config["use_sliding_window"], config["sliding_window"]) = (true, 4);
            config.Remove("layer_types");
            change(config);
            File.WriteAllText(Path.Combine(_folder["dense"], "config.json"), config.ToJsonString());
        }
    }

    [Theory]
    [InlineData("head_dim")]
    [InlineData("intermediate_size")]
    [InlineData("attention_bias")]
    [InlineData("rms_norm_eps")]
    [InlineData("use_sliding_window")]
    public void A_key_that_is_missing_is_named(string key)
    {
        DenseModels.SaveDecoder(_folder["dense"]);
        JsonObject config = Config();
        config.Remove(key);
        File.WriteAllText(Path.Combine(_folder["dense"], "config.json"), config.ToJsonString());
        Assert.Contains($"'{key}' is missing", Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder["dense"])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private JsonObject Config() => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["dense"], "config.json")))!;

    private void Write(string name, JsonObject config, IEnumerable<(string, Tensor)> tensors)
    {
        Directory.CreateDirectory(_folder[name]);
        SafetensorsWriter.Write(Path.Combine(_folder[name], "model.safetensors"), tensors);
        File.WriteAllText(Path.Combine(_folder[name], "config.json"), config.ToJsonString());
    }
}
