using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Switchyard.Balancing;
using Switchyard.Experts;
using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard.Models.Checkpoints;

/// <summary>The section <c>switchyard</c> of a model's <c>config.json</c>: what the keys of <c>qwen3_moe</c> cannot say.</summary>
internal sealed record ModelSection
{
    public const string Key = "switchyard";
    public const string CurrentSchema = "switchyard.model/1";

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The architecture that the other keys and the names of the tensors are of, where <c>model_type</c> does not say; null for <c>qwen3_moe</c>.</summary>
    public string? Architecture { get; init; }

    /// <summary>Layers that route otherwise than the rest of the file says; null for none.</summary>
    public IReadOnlyList<RoutingGroup>? Rerouted { get; init; }

    /// <summary>Which experts of another checkpoint these are; null where none were taken out.</summary>
    public PrunedSection? Pruned { get; init; }

    /// <summary>Router, balancers and selector, such as <c>linear+bias</c>; null for those of the architecture, and then nothing below is there.</summary>
    public string? Routing { get; init; }

    public RouterOptions? Router { get; init; }

    public SelectorOptions? Selector { get; init; }

    public string Capacity { get; init; } = "none";

    public double CapacityFactor { get; init; } = 1.25;

    public bool RenormalizeAfterDrop { get; init; }

    public string Executor { get; init; } = Executors.Default;

    public double InputJitter { get; init; }

    public ExpertActivation? Activation { get; init; }

    public bool ExpertBias { get; init; }

    public bool? SharedGate { get; init; }

    public bool? QueryKeyNorm { get; init; }

    public long? Seed { get; init; }

    /// <summary>The section of a file that was read; null for none.</summary>
    public static ModelSection? Read(JsonObject config) => config[Key]?.Deserialize<ModelSection>(Json);

    public static ModelSection Of(MoeTransformer model)
    {
        MoeLayer first = model.MoeLayers[0];
        return new ModelSection
        {
            Routing = first.Options.Routing.Name,
            Router = first.Router.Options,
            Selector = first.Selector.Options,
            Capacity = first.Options.Capacity,
            CapacityFactor = first.Options.CapacityFactor,
            RenormalizeAfterDrop = first.Options.RenormalizeAfterDrop,
            Executor = first.Options.Executor,
            InputJitter = first.Options.InputJitter,
            Activation = model.Options.Activation,
            ExpertBias = first.Options.ExpertBias,
            SharedGate = model.Options.SharedGate,
            QueryKeyNorm = model.Options.QueryKeyNorm,
            Seed = model.Options.Seed,
        };
    }

    /// <summary>Whether the section says nothing of what is computed, as that of a dense model which was made here.</summary>
    public bool SaysNothing => this with { Seed = null } == new ModelSection();

    /// <summary>Whether transformers computes the same as the model when it reads the folder as <c>qwen3_moe</c>.</summary>
    public static bool IsPlain(MoeTransformer model)
    {
        MoeLayer first = model.MoeLayers[0];
        return first is { Router: LinearRouter { Options.Bias: false }, Selector: SoftmaxTopKSelector, SharedExpert: null, Options: { ExpertBias: false, Capacity: "none" } }
            && model.Options is { Activation: ExpertActivation.SwiGlu, QueryKeyNorm: true }
            && Balancers.Parse(first.Options.Routing.Balancer).All(b => !b.Entry.UsesChoiceBias);
    }

    /// <summary>Options as read from the keys of an architecture, with what the section says of routers, experts and seed.</summary>
    public MoeTransformerOptions ApplyTo(MoeTransformerOptions options) => options with
    {
        QueryKeyNorm = QueryKeyNorm ?? options.QueryKeyNorm,
        Activation = Activation ?? options.Activation,
        SharedGate = SharedGate ?? options.SharedGate,
        Seed = Seed ?? options.Seed,
        Moe = Routing is null ? options.Moe : LayerOptions(Routing, options.Moe?.Selector?.Normalize ?? true),
        Rerouted = Rerouted?.SelectMany(g => g.Layers.Select(layer => (layer, g))).DistinctBy(p => p.layer).ToDictionary(p => p.layer, p => p.g.ToOptions()),
    };

    /// <summary>The options of the layers; sizes are filled in by the model.</summary>
    /// <param name="routing">Router, balancers and selector.</param>
    /// <param name="normalize">Whether the chosen weights are divided by their sum.</param>
    private MoeLayerOptions LayerOptions(string routing, bool normalize) => new()
    {
        HiddenSize = 1,
        Experts = 1,
        TopK = 1,
        InnerSize = 1,
        Routing = RoutingRecipe.Parse(routing),
        Router = Router,
        Selector = (Selector ?? new SelectorOptions { Experts = 1, TopK = 1 }) with { Normalize = normalize },
        Capacity = Capacity,
        CapacityFactor = CapacityFactor,
        RenormalizeAfterDrop = RenormalizeAfterDrop,
        Executor = Executor,
        InputJitter = InputJitter,
        ExpertBias = ExpertBias,
    };
}
