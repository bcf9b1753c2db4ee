using System.Text.Json.Nodes;
using Switchyard.Metrics;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Architectures;

/// <summary>The models that others made and ran, with what they recorded; found by what their folders hold.</summary>
internal static class GoldenModels
{
    private const string Models = "models";
    private const string NumbersFile = "golden.safetensors";

    /// <summary>Every folder.</summary>
    public static IReadOnlyList<string> All => [.. Golden.Folders(Models)];

    /// <summary>Those with layers of experts.</summary>
    public static IReadOnlyList<string> WithExperts => [.. All.Where(f => Config(f).ContainsKey("num_experts_per_tok"))];

    /// <summary>Those whose weights are quantized.</summary>
    public static IReadOnlyList<string> Quantized => [.. All.Where(f => Config(f).ContainsKey("quantization_config"))];

    /// <summary>Those whose recorded numbers hold a tensor.</summary>
    public static TheoryData<string> With(string tensor) => Data(All.Where(f => Numbers(f).Has(tensor)));

    /// <summary>Folders as theory data; a placeholder that is skipped where there are none.</summary>
    public static TheoryData<string> Data(IEnumerable<string> folders) => [.. folders.DefaultIfEmpty(string.Empty)];

    public static JsonObject Config(string folder) => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Golden.Folder(folder)!, "config.json")))!;

    public static MoeTransformer Load(string folder, bool trainable = false, long? expertCacheBytes = null)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        return MoeTransformer.Load(Golden.Folder(folder)!, new ModelLoadOptions
        {
            Trainable = trainable,
            ExpertCacheBytes = expertCacheBytes,
            // The numbers of quantized models come from modules that were cast to bf16 and back.
            RotaryRounding = Config(folder).ContainsKey("quantization_config") ? ScalarType.BFloat16 : ScalarType.Float64,
        });
    }

    /// <summary>The recorded numbers of a model; those of a variant, such as <c>qwen3_moe-fused</c>, are those of the model it is one of.</summary>
    public static GoldenFile Numbers(string folder)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        string own = Path.Combine(Golden.Folder(folder)!, NumbersFile);
        return GoldenFile.Read(File.Exists(own) ? own : Path.Combine(Golden.Folder(folder[..folder.LastIndexOf('-')])!, NumbersFile));
    }

    public static TransformerInput Input(GoldenFile golden) => new(golden.Tensor("input_ids").to(ScalarType.Int64))
    {
        Mask = golden.Has("attention_mask") ? golden.Tensor("attention_mask") : null,
        TokenTypes = golden.Has("token_type_ids") ? golden.Tensor("token_type_ids") : null,
        KeepStates = true,
    };

    /// <summary>Keeps what each layer's router said.</summary>
    internal sealed class Log : IRoutingObserver
    {
        public Dictionary<int, RoutingObservation> Layers { get; } = [];

        public void Observe(RoutingObservation observation) => Layers[observation.Layer] = observation with
        {
            Scores = Kept(observation.Scores),
            Assignment = new(Kept(observation.Assignment.Experts), Kept(observation.Assignment.Weights)),
        };

        private static Tensor Kept(Tensor tensor) => tensor.alias().MoveToOuterDisposeScope();
    }
}
