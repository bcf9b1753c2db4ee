using System.Text.Json.Nodes;
using Switchyard.Metrics;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Models that transformers made and ran, read as ours.</summary>
public sealed class QwenGoldenTests
{
    private const string Models = "models";

    /// <summary>Every folder of a <c>qwen3_moe</c> whose weights are not quantized.</summary>
    public static TheoryData<string> Folders => Data(Found());

    /// <summary>Those of them whose gradients are recorded.</summary>
    public static TheoryData<string> WithGradients => Data(Found().Where(f => Numbers(f).Has("loss")));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Logits_router_logits_and_experts_are_those_of_transformers(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        GoldenFile golden = Numbers(folder);
        using MoeTransformer model = MoeTransformer.Load(Golden.Folder(folder)!);
        RoutingLog log = new();

        Tensor logits = model.Run(golden.Tensor("input_ids").to(ScalarType.Int64), log).Logits;

        Near.AssertClose(logits, golden.Tensor("logits").reshape(logits.shape), 1e-4, "logits");
        for (int i = 0; i < model.MoeLayers.Count; i++)
        {
            RoutingObservation seen = log.Layers[i];
            if (golden.Has($"router_logits.{i}"))
            {
                Near.AssertClose(seen.Scores, golden.Tensor($"router_logits.{i}"), 1e-5, $"router logits of layer {i}");
            }

            if (golden.Has($"experts.{i}"))
            {
                Tensor chosen = seen.Assignment.Experts.sort(-1).Values;
                Assert.True(chosen.Equals(golden.Tensor($"experts.{i}").to(ScalarType.Int64)), $"experts of layer {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(WithGradients))]
    public void Gradients_are_those_of_transformers(string folder)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Numbers(folder);
        using MoeTransformer model = MoeTransformer.Load(Golden.Folder(folder)!);
        Tensor ids = golden.Tensor("input_ids").to(ScalarType.Int64);

        Tensor logits = model.Run(ids).Logits;
        long length = ids.size(1);
        Tensor loss = nn.functional.cross_entropy(logits.slice(1, 0, length - 1, 1).flatten(0, 1), ids.slice(1, 1, length, 1).flatten());
        Near.AssertClose(loss.reshape(1), golden.Tensor("loss").reshape(1), 1e-5, "loss");
        loss.backward();

        // A gradient is stored under its parameter's name in the file that Save writes: put the gradients where the parameters are, and save.
        using TemporaryFolder saved = new();
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in model.parameters())
            {
                parameter.copy_(parameter.grad!);
            }
        }

        model.Save(saved["model"]);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(saved["model"], "model.safetensors"));
        int compared = 0;
        foreach (string name in golden.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)))
        {
            Near.AssertClose(file.Load(name["grad.".Length..]), golden.Tensor(name), 1e-3, name);
            compared++;
        }

        Assert.Equal(file.Entries.Count, compared);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Saved_again_it_has_the_same_names_values_and_keys(string folder)
    {
        using var scope = NewDisposeScope();
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        string original = Golden.Folder(folder)!;
        using MoeTransformer model = MoeTransformer.Load(original);
        using TemporaryFolder saved = new();

        model.Save(saved["model"]);

        JsonObject before = Config(original);
        JsonObject after = Config(saved["model"]);
        string[] ofTheFileAlone = ["bos_token_id", "eos_token_id", "pad_token_id", "transformers_version", "dtype", "router_aux_loss_coef"];
        foreach ((string key, JsonNode? value) in before.Where(k => !ofTheFileAlone.Contains(k.Key)))
        {
            Assert.True(after.ContainsKey(key), key);
            Assert.True(JsonNode.DeepEquals(value, after[key]), $"{key} is {after[key]?.ToJsonString()} instead of {value?.ToJsonString()}");
        }

        using SafetensorsFile written = SafetensorsFile.Open(Path.Combine(saved["model"], "model.safetensors"));
        using SafetensorsFile read = SafetensorsFile.Open(Path.Combine(original, "model.safetensors"));
        if (read.Entries.Keys.Any(n => n.EndsWith("gate_up_proj", StringComparison.Ordinal)))
        {
            return; // fused there, by expert here
        }

        Assert.Equal(read.Entries.Keys.Order(StringComparer.Ordinal), written.Entries.Keys.Order(StringComparer.Ordinal));
        foreach (string name in read.Entries.Keys)
        {
            Assert.True(written.Load(name).Equals(read.Load(name).to(ScalarType.Float32)), name);
        }
    }

    private static IEnumerable<string> Found() => Golden.Folders(Models).Where(f => IsPlain(Golden.Folder(f)!));

    private static TheoryData<string> Data(IEnumerable<string> folders) => [.. folders.DefaultIfEmpty(string.Empty)];

    private static bool IsPlain(string folder)
    {
        JsonObject config = Config(folder);
        return (string?)config["model_type"] == "qwen3_moe" && !config.ContainsKey("quantization_config");
    }

    private static JsonObject Config(string folder) => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;

    /// <summary>The recorded numbers of a model; those of a variant, such as <c>qwen3_moe-fused</c>, are those of the model it is one of.</summary>
    private static GoldenFile Numbers(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        const string File = "golden.safetensors";
        string own = Path.Combine(Golden.Folder(folder)!, File);
        return GoldenFile.Read(System.IO.File.Exists(own) ? own : Path.Combine(Golden.Folder(folder[..folder.LastIndexOf('-')])!, File));
    }

    private sealed class RoutingLog : IRoutingObserver
    {
        public List<RoutingObservation> Layers { get; } = [];

        public void Observe(RoutingObservation observation) => Layers.Add(observation);
    }
}
