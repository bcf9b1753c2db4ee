using System.Text.Json.Nodes;
using Switchyard.Balancing;
using Switchyard.Experts;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Routing;
using Switchyard.Selection;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;

namespace Switchyard.Training.Configuration;

/// <summary>Everything needed to repeat a run: the content of a preset, of a <c>--config</c> file and of a run folder's <c>config.json</c>.</summary>
public sealed record RunConfig
{
    /// <summary>The verb that trains one model.</summary>
    public const string TrainVerb = "train";

    /// <summary>The verb that trains rows of models.</summary>
    public const string CompareVerb = "compare";

    /// <summary>Name of the preset or configuration.</summary>
    public string Name { get; init; } = "custom";

    /// <summary>One sentence for <c>--help</c>.</summary>
    public string Summary { get; init; } = string.Empty;

    /// <summary>Sizes of the model.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>Router, balancers and selector, such as <c>linear+bias</c>.</summary>
    public string Routing { get; init; } = "linear";

    /// <summary>Rows of a comparison.</summary>
    public IReadOnlyList<string> Rows { get; init; } = DefaultRows;

    /// <summary>Settings of the router, by the names of <see cref="RouterOptions"/>; null for its defaults.</summary>
    public JsonObject? Router { get; init; }

    /// <summary>Settings of the selector, by the names of <see cref="SelectorOptions"/>; null for its defaults.</summary>
    public JsonObject? Selector { get; init; }

    /// <summary>Settings of the balancers, by the names of <see cref="BalancerOptions"/>; null for their defaults. A coefficient belongs to its balancer's name in <see cref="Routing"/> and <see cref="Rows"/>.</summary>
    public JsonObject? Balancer { get; init; }

    /// <summary>Capacity policy; <c>none</c> is dropless.</summary>
    public string Capacity { get; init; } = "none";

    /// <summary>Capacity factor, where there is a policy.</summary>
    public double CapacityFactor { get; init; } = 1.25;

    /// <summary>Executor of the experts.</summary>
    public string Executor { get; init; } = Executors.Default;

    /// <summary>What the executor keeps for the backward.</summary>
    public SavedActivations Activations { get; init; } = SavedActivations.Keep;

    /// <summary>Input jitter ε of the router in training.</summary>
    public double InputJitter { get; init; }

    /// <summary>How it is trained.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>Tokens of a byte-level vocabulary that is learnt from the training text; null to train on bytes. It decides <see cref="ModelConfig.VocabularySize"/>.</summary>
    public int? Vocabulary { get; init; }

    /// <summary>Text to train on: a file or folder; null for the SDK's own documentation.</summary>
    public string? Corpus { get; init; }

    /// <summary>Share of the documents held out.</summary>
    public double HeldOutShare { get; init; } = 0.05;

    /// <summary>Seed of weights, noise and the order of the data.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Seeds that <c>compare</c> repeats each row with: <see cref="Seed"/> and those after it.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>What runs, <see cref="TrainVerb"/> or <see cref="CompareVerb"/>; null where nobody says.</summary>
    public string? Verb { get; init; }

    /// <summary>Bytes of the packed text that the run began with, by which a text that has changed is noticed; null where nobody says.</summary>
    public long? CorpusBytes { get; init; }

    /// <summary>The command that began the run; null where there was none.</summary>
    public string? Command { get; init; }

    /// <summary>The machine and software that it began on; null where nobody says.</summary>
    public MachineInfo? Machine { get; init; }

    /// <summary>The rows that <c>compare</c> trains unless told otherwise.</summary>
    public static IReadOnlyList<string> DefaultRows { get; } =
    [
        "linear", "linear+switch", "linear+bias", "linear+dual", "attention", "mlp", "hybrid", "hash", "mlp-hadamard", "lpr", "random",
    ];

    /// <summary>The same with the settings of router, selector and balancers written out, defaults too, but for sizes, seed and coefficients, which are said elsewhere.</summary>
    public RunConfig WrittenOut()
    {
        MoeLayerOptions layer = ModelOptions(RoutingRecipe.Parse(Routing)).Moe!;
        return this with
        {
            Router = ConfigFile.Without(LayerRouting.RouterOptionsOf(layer), [.. SizesWithHidden.Select(s => s.Key), "vocabularySize", "layer", "seed"]),
            Selector = ConfigFile.Without(LayerRouting.SelectorOptionsOf(layer), [.. SizesWithHidden.Select(s => s.Key)]),
            Balancer = ConfigFile.Without(layer.Balancer ?? new BalancerOptions { Experts = Model.Experts, TopK = Model.TopK }, [.. Sizes.Select(s => s.Key), "coefficient"]),
        };
    }

    /// <summary>The options of the model with a given routing.</summary>
    /// <exception cref="ConfigurationException">They do not fit together.</exception>
    public MoeTransformerOptions ModelOptions(RoutingRecipe routing)
    {
        MoeTransformerOptions options = Model.ToOptions(Seed) with
        {
            Moe = new MoeLayerOptions
            {
                HiddenSize = Model.HiddenSize,
                Experts = Model.Experts,
                TopK = Model.TopK,
                InnerSize = Model.InnerSize,
                Routing = routing,
                Router = ConfigFile.Settings<RouterOptions>(Router, "router", SizesWithHidden),
                Selector = ConfigFile.Settings<SelectorOptions>(Selector, "selector", SizesWithHidden),
                Balancer = BalancerSettings(),
                Capacity = Capacity,
                CapacityFactor = CapacityFactor,
                Executor = Executor,
                ExecutorOptions = new ExecutorOptions { Activations = Activations },
                InputJitter = InputJitter,
            },
        };
        options.Validate();
        return options;
    }

    /// <summary>The text as bytes, packed, with its held-out share.</summary>
    /// <exception cref="CorpusException">It is missing, empty or not readable.</exception>
    /// <exception cref="IOException">The packed form cannot be written.</exception>
    public PackedCorpus OpenCorpus(CancellationToken cancellation = default) =>
        PackedCorpus.Build(Corpora.Corpus.Open(Corpus), split: new CorpusSplit { HeldOutShare = HeldOutShare }, cancellationToken: cancellation);

    /// <summary>Checks everything that does not need the data.</summary>
    /// <exception cref="ConfigurationException">Something does not fit.</exception>
    public void Validate()
    {
        Training.Validate();
        if (Seeds <= 0)
        {
            throw new ConfigurationException($"seeds is {Seeds}; it must be positive");
        }

        if (HeldOutShare is not (> 0 and < 1))
        {
            throw new ConfigurationException($"heldOutShare is {HeldOutShare}; it must lie in (0, 1)");
        }

        if (Vocabulary < BytePairTrainer.SmallestVocabulary)
        {
            throw new ConfigurationException($"vocabulary is {Vocabulary}; it must be at least {BytePairTrainer.SmallestVocabulary}, or left out to train on bytes");
        }

        if (Rows.Count == 0)
        {
            throw new ConfigurationException("rows is empty; name at least one, such as \"linear\", or leave it out");
        }

        foreach (string row in Rows.Append(Routing))
        {
            RoutingRecipe recipe = RoutingRecipe.Parse(row);
            MoeTransformerOptions options = ModelOptions(recipe);
            if (options.Moe?.Balancer is { } settings)
            {
                using Balancer made = Balancers.Create(recipe.Balancer, settings);
            }
        }
    }

    private (string Key, int Size)[] Sizes => [("experts", Model.Experts), ("topK", Model.TopK)];

    private (string Key, int Size)[] SizesWithHidden => [.. Sizes, ("hiddenSize", Model.HiddenSize)];

    private BalancerOptions? BalancerSettings() =>
        Balancer?.ContainsKey("coefficient") == true
            ? throw new ConfigurationException("balancer: a coefficient belongs to the balancer's name, such as \"linear+switch:0.02\" in routing or rows")
            : ConfigFile.Settings<BalancerOptions>(Balancer, "balancer", Sizes);
}
