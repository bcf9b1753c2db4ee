using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Checkpoints of others, damaged in one place each.</summary>
public sealed class DamagedCheckpointTests : IDisposable
{
    private const string WeightsFile = "model.safetensors";
    private readonly TemporaryFolder _folder = new();

    /// <summary>One folder of each architecture whose weights are in one file.</summary>
    public static TheoryData<string> Folders => GoldenModels.Data(
        GoldenModels.All.Where(f => File.Exists(Path.Combine(Golden.Folder(f)!, WeightsFile))).DistinctBy(f => (string?)GoldenModels.Config(f)["model_type"]));

    public static TheoryData<string> WithExperts => GoldenModels.Data(Folders.Select(f => f.Data).Where(f => f.Length > 0 && GoldenModels.Config(f).ContainsKey("num_experts_per_tok")));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Missing_and_unexpected_tensors_are_listed(string folder)
    {
        string victim = Names(folder)[^1];

        string message = Message(folder, tensors => [.. tensors.Select(t => t.Name == victim ? ("stranger", t.Tensor) : t)]);

        Assert.Contains($"1 tensors are missing: {victim}", message, StringComparison.Ordinal);
        Assert.Contains("1 tensors are unexpected: stranger", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Swapped_tensors_are_named_with_both_shapes(string folder)
    {
        using var scope = NewDisposeScope();
        string[] names = Names(folder);
        string down = names.First(n => n.EndsWith("down_proj.weight", StringComparison.Ordinal) || n.EndsWith("w2.weight", StringComparison.Ordinal) || n.EndsWith("intermediate.dense.weight", StringComparison.Ordinal));
        string norm = names.First(n => n.EndsWith("norm.weight", StringComparison.Ordinal) || n.EndsWith("LayerNorm.weight", StringComparison.Ordinal));

        string message = Message(folder, tensors => [.. tensors.Select(t => t.Name == down ? (norm, t.Tensor) : t.Name == norm ? (down, t.Tensor) : t)]);

        Assert.Contains("its shape is [", message, StringComparison.Ordinal);
        Assert.True(message.Contains($"'{down}'", StringComparison.Ordinal) || message.Contains($"'{norm}'", StringComparison.Ordinal), message);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_tensor_of_whole_numbers_is_not_taken_for_weights(string folder)
    {
        using var scope = NewDisposeScope();
        string victim = Names(folder)[0];

        string message = Message(folder, tensors => [.. tensors.Select(t => t.Name == victim ? (t.Name, t.Tensor.to(ScalarType.Int32)) : t)]);

        Assert.Contains($"tensor '{victim}': its type is I32; expected F64, F32, F16 or BF16", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_file_that_is_cut_off_is_refused(string folder)
    {
        Copy(folder);
        byte[] bytes = File.ReadAllBytes(_folder[WeightsFile]);
        File.WriteAllBytes(_folder[WeightsFile], bytes[..(bytes.Length / 2)]);

        Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_key_that_decides_what_is_computed_is_missed(string folder)
    {
        Copy(folder);
        JsonObject config = GoldenModels.Config(folder);
        string[] decisive =
        [
            "model_type", "hidden_size", "vocab_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "hidden_act", "intermediate_size",
            "num_key_value_heads", "rope_theta", "rms_norm_eps", "layer_norm_eps", "num_experts_per_tok", "num_experts", "num_local_experts", "n_routed_experts",
            "moe_intermediate_size", "norm_topk_prob", "tie_word_embeddings", "decoder_sparse_step", "shared_expert_intermediate_size", "use_sliding_window",
            "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "n_group", "topk_group", "routed_scaling_factor", "first_k_dense_replace",
            "type_vocab_size", "architectures",
        ];
        bool encoder = (string?)config["model_type"] == "bert";
        int missed = 0;
        foreach (string key in decisive.Where(k => config.ContainsKey(k) && (k != "architectures" || encoder)))
        {
            JsonObject without = (JsonObject)config.DeepClone();
            without.Remove(key);
            File.WriteAllText(_folder["config.json"], without.ToJsonString());
            CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path));
            Assert.Contains(key, e.Message, StringComparison.Ordinal);
            missed++;
        }

        Assert.True(missed >= 8, $"only {missed} keys were tried");
    }

    [Theory]
    [MemberData(nameof(WithExperts))]
    public void More_experts_a_token_than_there_are_is_an_error(string folder)
    {
        Copy(folder);
        JsonObject config = GoldenModels.Config(folder);
        config["num_experts_per_tok"] = 1000;
        File.WriteAllText(_folder["config.json"], config.ToJsonString());

        string message = Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path)).Message;
        Assert.Contains("config.json': num_experts_per_tok is 1000; with ", message, StringComparison.Ordinal);
        Assert.Contains(config.Select(k => k.Key).First(k => k is "num_experts" or "num_local_experts" or "n_routed_experts"), message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n_group", "3", "n_group is 3, which does not divide n_routed_experts")]
    [InlineData("topk_group", "9", "topk_group is 9; with n_group")]
    [InlineData("routed_scaling_factor", "0", "routed_scaling_factor is 0")]
    [InlineData("n_shared_experts", "-1", "n_shared_experts is -1")]
    [InlineData("n_shared_experts", "2000000000", "n_shared_experts is 2000000000")]
    [InlineData("kv_lora_rank", "0", "kv_lora_rank is 0")]
    [InlineData("qk_rope_head_dim", "7", "qk_rope_head_dim is 7")]
    [InlineData("scoring_func", "\"softmax\"", "scoring_func is 'softmax'")]
    [InlineData("first_k_dense_replace", "0", "layers.0.mlp")]
    public void Groups_and_scores_that_do_not_fit_are_errors(string key, string value, string message)
    {
        string folder = GoldenModels.All.FirstOrDefault(f => GoldenModels.Config(f).ContainsKey("n_group")) ?? string.Empty;
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        Copy(folder);
        JsonObject config = GoldenModels.Config(folder);
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(_folder["config.json"], config.ToJsonString());

        Assert.Contains(message, Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Names(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Golden.Folder(folder)!, WeightsFile));
        return [.. file.Entries.Keys.Where(n => !n.StartsWith("cls.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private void Copy(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        foreach (string name in (string[])["config.json", WeightsFile])
        {
            File.WriteAllBytes(_folder[name], File.ReadAllBytes(Path.Combine(Golden.Folder(folder)!, name)));
        }
    }

    private string Message(string folder, Func<IEnumerable<(string Name, Tensor Tensor)>, (string, Tensor)[]> damage)
    {
        using var scope = NewDisposeScope();
        Copy(folder);
        (string, Tensor)[] tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(_folder[WeightsFile]))
        {
            tensors = damage(file.Entries.Keys.Select(n => (n, file.Load(n))));
        }

        SafetensorsWriter.Write(_folder[WeightsFile], tensors);
        return Assert.Throws<CheckpointFormatException>(() => MoeTransformer.Load(_folder.Path)).Message;
    }
}
