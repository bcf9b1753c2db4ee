using System.Text.Json.Nodes;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>What a description says of running a checkpoint is what loading it does, for models of others that are whole or damaged in one place.</summary>
public sealed class CheckpointDescriptionTests : IDisposable
{
    private const string WeightsFile = "model.safetensors";
    private const long Largest = 4 << 20; // each is written many times
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> All => GoldenModels.Data(GoldenModels.All);

    /// <summary>Small ones whose weights are in one file.</summary>
    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.All.Where(f => new FileInfo(Path.Combine(Golden.Folder(f)!, WeightsFile)) is { Exists: true, Length: < Largest }));

    /// <summary>Values that no model can have, or that not every model can have.</summary>
    public static TheoryData<string, string> Keys => new()
    {
        { "model_type", "\"llama\"" }, { "hidden_size", "17" }, { "hidden_size", "null" }, { "num_hidden_layers", "1" }, { "num_hidden_layers", "9" }, { "num_experts_per_tok", "1000" },
        { "num_experts", "3" }, { "num_local_experts", "3" }, { "n_routed_experts", "3" }, { "num_experts", "1000000000" }, { "moe_intermediate_size", "5" }, { "intermediate_size", "5" },
        { "num_key_value_heads", "3" }, { "head_dim", "7" }, { "vocab_size", "5" }, { "tie_word_embeddings", "true" }, { "tie_word_embeddings", "false" }, { "attention_bias", "true" }, { "n_group", "3" },
        { "q_lora_rank", "null" }, { "kv_lora_rank", "5" }, { "first_k_dense_replace", "0" }, { "n_shared_experts", "7" }, { "shared_expert_intermediate_size", "5" }, { "mlp_only_layers", "[0]" },
        { "rope_scaling", "{\"rope_type\":\"longrope\"}" }, { "hidden_act", "\"relu\"" }, { "architectures", "[\"BertForSequenceClassification\"]" }, { "type_vocab_size", "3" },
        { "quantization_config", "null" }, { "quantization_config", "{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true}" }, { "quantization_config", "{\"quant_method\":\"gptq\",\"bits\":3,\"group_size\":128}" },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void Every_reference_model_runs(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        Assert.Null(CheckpointDescription.Of(Golden.Folder(folder)!).CannotRun);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_tensor_that_is_missing_too_many_or_of_another_shape_or_type_is_seen_as_loading_sees_it(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        Copy(folder);
        using SafetensorsFile whole = SafetensorsFile.Open(Path.Combine(Golden.Folder(folder)!, WeightsFile));
        // One of each kind, as numbers apart names are alike.
        string[] kinds = [.. whole.Entries.Keys.Order(StringComparer.Ordinal).DistinctBy(n => string.Concat(n.Where(c => !char.IsAsciiDigit(c))))];
        int refused = 0;
        foreach (string name in kinds)
        {
            SafetensorsEntry entry = whole.Entry(name);
            SafetensorsSource[] rest = [.. whole.Entries.Keys.Where(n => n != name).Select(n => SafetensorsSource.Of(whole, n))];
            SafetensorsSource[] changed =
            [
                SafetensorsSource.Of(whole, name) with { Name = name + ".stranger" },
                Zeros(name, entry.Type, [.. entry.Shape, 2]),
                Zeros(name, SafetensorsType.I16, [.. entry.Shape]),
                Zeros(name, SafetensorsType.F64, [.. entry.Shape]),
                Zeros(name, SafetensorsType.F8_E5M2, [.. entry.Shape]),
            ];
            foreach (IEnumerable<SafetensorsSource> tensors in changed.Select(c => rest.Append(c)).Append(rest))
            {
                SafetensorsWriter.Write(_folder[WeightsFile], tensors);
                refused += AssertAgrees($"{name} changed");
            }
        }

        Assert.True(refused > kinds.Length, $"{refused} damaged files were refused");
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_key_of_another_value_is_seen_as_loading_sees_it(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        Copy(folder);
        int refused = 0;
        foreach ((string key, string value) in Keys.Select(k => k.Data))
        {
            JsonObject config = GoldenModels.Config(folder);
            config[key] = JsonNode.Parse(value);
            File.WriteAllText(_folder["config.json"], config.ToJsonString());
            refused += AssertAgrees($"{key} = {value}");
        }

        Assert.True(refused > 5, $"{refused} configurations were refused");
    }

    public void Dispose() => _folder.Dispose();

    private static SafetensorsSource Zeros(string name, SafetensorsType type, long[] shape) =>
        new(name, type, shape, stream => stream.Write(new byte[shape.Aggregate((long)type.ElementSize, (a, b) => a * b)]));

    /// <summary>1 where both refuse, for the same reason; 0 where both do not.</summary>
    private int AssertAgrees(string change)
    {
        string? said;
        try
        {
            said = CheckpointDescription.Of(_folder.Path).CannotRun;
        }
        catch (CheckpointFormatException e)
        {
            said = e.Reason;
        }

        try
        {
            MoeTransformer.Load(_folder.Path).Dispose();
        }
        catch (CheckpointFormatException e)
        {
            Assert.True(said is not null, $"{change}: said to run, but {e.Message}");
            Assert.True(said.Contains(e.Reason, StringComparison.Ordinal), $"{change}: said '{said}', but {e.Message}");
            return 1;
        }

        Assert.True(said is null, $"{change}: runs, but said {said}");
        return 0;
    }

    private void Copy(string folder)
    {
        foreach (string name in (string[])["config.json", WeightsFile])
        {
            File.WriteAllBytes(_folder[name], File.ReadAllBytes(Path.Combine(Golden.Folder(folder)!, name)));
        }
    }
}
