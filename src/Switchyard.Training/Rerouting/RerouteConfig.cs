using System.Text.Json.Nodes;
using Switchyard.Experts;
using Switchyard.Routing;
using Switchyard.Training.Configuration;

namespace Switchyard.Training.Rerouting;

/// <summary>Everything needed to repeat the replacement of a checkpoint's routers: the <c>config.json</c> of its run folder.</summary>
public sealed record RerouteConfig
{
    /// <summary>The folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Text to train on: a file or folder. A share of its documents is held out.</summary>
    public required string Corpus { get; init; }

    /// <summary>Name of the new router.</summary>
    public string Router { get; init; } = "linear";

    /// <summary>Names of the balancers, joined by <c>+</c>, each with its coefficient after a colon or not.</summary>
    public string Balance { get; init; } = "dual";

    /// <summary>Name of the selector; null for that of the model.</summary>
    public string? Selector { get; init; }

    /// <summary>Settings of the router, by the names of <see cref="RouterOptions"/>; null for its defaults.</summary>
    public JsonObject? RouterSettings { get; init; }

    /// <summary>Layers whose router is replaced; null for all that have one.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>What the new routers start from.</summary>
    public RouterStart Start { get; init; } = RouterStart.Distill;

    /// <summary>Batches of text that routers are fitted to the old ones on.</summary>
    public int DistillSteps { get; init; } = 150;

    /// <summary>Tokens of a sequence.</summary>
    public int Context { get; init; } = 256;

    /// <summary>Share w of the distance from the original model's predictions in the loss: (1 − w)·cross-entropy + w·KL(original ‖ model).</summary>
    public double TeacherWeight { get; init; } = 0.5;

    /// <summary>Whether balance must not cost held-out loss: what comes out has the best balance among what was not worse than the original.</summary>
    public bool KeepLoss { get; init; }

    /// <summary>Evaluations in a row without a better one after which training ends: a lower held-out loss, or where the loss is to be kept, a routing that is kept; null for never.</summary>
    public int? Patience { get; init; }

    /// <summary>What executors keep for the gradients.</summary>
    public SavedActivations Activations { get; init; } = SavedActivations.Keep;

    /// <summary>Share of the documents held out.</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>How routers are trained.</summary>
    public TrainingOptions Training { get; init; } = new()
    {
        Steps = 300,
        BatchSequences = 8,
        LearningRate = 1e-3,
        WeightDecay = 0,
        EvaluateEvery = 50,
        EvaluateTokens = 32_768,
        CheckpointEvery = 50,
    };

    /// <summary>Text to judge the original and what comes out by: a file or folder; null for none.</summary>
    public string? Judge { get; init; }

    /// <summary>Tokens of a window of that text; null for the usual.</summary>
    public int? JudgeContext { get; init; }

    /// <summary>The most tokens of it; null for all.</summary>
    public long? JudgeTokens { get; init; }

    /// <summary>The command that began the run; null where none is known.</summary>
    public string? Command { get; init; }

    /// <summary>Seed of weights, noise and the order of the data.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The routing of a layer.</summary>
    /// <param name="usual">The layer as it is.</param>
    /// <exception cref="ConfigurationException">The parts do not fit together.</exception>
    public LayerRoutingOptions RoutingOf(MoeLayerOptions usual)
    {
        RoutingRecipe recipe = RoutingRecipe.Parse($"{Router}+{Balance}+{Selector ?? usual.Routing.Selector}");
        (string Key, int Size)[] sizes = [("experts", usual.Experts), ("topK", usual.TopK), ("hiddenSize", usual.HiddenSize)];
        return new LayerRoutingOptions
        {
            Routing = recipe,
            Router = ConfigFile.Settings<RouterOptions>(RouterSettings, "routerSettings", sizes),
            Selector = usual.Selector,
        };
    }

    /// <summary>Checks what does not need the model.</summary>
    /// <exception cref="ConfigurationException">Something is out of range or does not fit.</exception>
    public void Validate()
    {
        Require(Training.Steps >= 0, $"steps is {Training.Steps}; it must not be negative");
        (Training with { Steps = Math.Max(1, Training.Steps) }).Validate();
        Require(DistillSteps >= 0, $"distillSteps is {DistillSteps}; it must not be negative");
        Require(Context >= 2, $"context is {Context}; it must be at least 2");
        Require(Patience is null or >= 1, $"patience is {Patience}; it must be at least 1");
        Require(JudgeContext is null or >= 2, $"judgeContext is {JudgeContext}; it must be at least 2");
        Require(JudgeTokens is null or >= 2, $"judgeTokens is {JudgeTokens}; it must be at least 2");
        Require((long)Training.BatchSequences * Context <= int.MaxValue, $"batchSequences is {Training.BatchSequences} and context is {Context}; a batch has at most {int.MaxValue:N0} tokens");
        Require(TeacherWeight is >= 0 and <= 1, $"teacherWeight is {TeacherWeight}; it lies in [0, 1]");
        Require(HeldOutShare is > 0 and < 1, $"heldOutShare is {HeldOutShare}; it must lie in (0, 1)");
        _ = RoutingRecipe.Parse($"{Router}+{Balance}{(Selector is null ? string.Empty : "+" + Selector)}");
    }

    /// <summary>Refuses a context that the model has no positions for.</summary>
    internal void RequireContext(int longest) => Require(Context <= longest, $"context is {Context}; the model's longest sequence is {longest}");

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}
