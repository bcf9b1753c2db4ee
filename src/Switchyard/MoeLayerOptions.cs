using Switchyard.Balancing;
using Switchyard.Capacity;
using Switchyard.Experts;
using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard;

/// <summary>Everything that makes an MoE layer.</summary>
public sealed record MoeLayerOptions
{
    /// <summary>Hidden size d.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts a token, k.</summary>
    public required int TopK { get; init; }

    /// <summary>Inner size f of an expert.</summary>
    public required int InnerSize { get; init; }

    /// <summary>The experts' non-linearity.</summary>
    public ExpertActivation Activation { get; init; } = ExpertActivation.SwiGlu;

    /// <summary>Whether the experts have biases.</summary>
    public bool ExpertBias { get; init; }

    /// <summary>Router, selector and balancer.</summary>
    public RoutingRecipe Routing { get; init; } = new();

    /// <summary>Settings of the router beyond the sizes above, which are filled in by the layer; null for the defaults.</summary>
    public RouterOptions? Router { get; init; }

    /// <summary>Settings of the selector beyond the sizes above; null for the defaults.</summary>
    public SelectorOptions? Selector { get; init; }

    /// <summary>Settings of the balancer beyond the sizes above; null for the defaults.</summary>
    public BalancerOptions? Balancer { get; init; }

    /// <summary>Name of the capacity policy; <c>none</c> is dropless.</summary>
    public string Capacity { get; init; } = "none";

    /// <summary>Capacity factor: an expert takes ⌈factor·T·k/E⌉ pairs.</summary>
    public double CapacityFactor { get; init; } = 1.25;

    /// <summary>Whether the surviving weights of a token are divided by their sum after a drop.</summary>
    public bool RenormalizeAfterDrop { get; init; }

    /// <summary>Name of the executor.</summary>
    public string Executor { get; init; } = Executors.Default;

    /// <summary>Whether the executor keeps inner values for the backward or computes them again.</summary>
    public ExecutorOptions ExecutorOptions { get; init; } = new();

    /// <summary>Inner size of a shared expert that every token uses; 0 for none.</summary>
    public int SharedInnerSize { get; init; }

    /// <summary>Whether the shared expert's output is multiplied by sigmoid(x·g).</summary>
    public bool SharedGate { get; init; }

    /// <summary>Switch's input jitter ε: in training the router sees x·U(1−ε, 1+ε); 0 for none.</summary>
    public double InputJitter { get; init; }

    /// <summary>Index of the layer in its model.</summary>
    public int Layer { get; init; }

    /// <summary>Vocabulary size, for balanced hash routing.</summary>
    public int VocabularySize { get; init; }

    /// <summary>Seed of hashes and random routing.</summary>
    public long Seed { get; init; }

    /// <summary>Standard deviation of the initial expert weights.</summary>
    public double InitialDeviation { get; init; } = 0.02;

    /// <summary>Sizes of the experts.</summary>
    public ExpertOptions ExpertSizes => new()
    {
        Experts = Experts,
        HiddenSize = HiddenSize,
        InnerSize = InnerSize,
        Activation = Activation,
        Bias = ExpertBias,
    };

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ConfigurationException">A size is not positive, k exceeds E, or a factor is out of range.</exception>
    public void Validate()
    {
        Positive(HiddenSize, nameof(HiddenSize));
        Positive(Experts, nameof(Experts));
        Positive(TopK, nameof(TopK));
        Positive(InnerSize, nameof(InnerSize));
        Require(TopK <= Experts, $"topK is {TopK}, but there are only {Experts} experts; choose topK between 1 and {Experts}");
        Require(SharedInnerSize >= 0, $"sharedInnerSize is {SharedInnerSize}; it cannot be negative");
        Require(InputJitter is >= 0 and < 1, $"inputJitter is {InputJitter}; it lies in [0, 1)");
        Require(CapacityFactor > 0 && double.IsFinite(CapacityFactor), $"capacityFactor is {CapacityFactor}; it must be positive");
        _ = CapacityPolicies.All.Get(Capacity);
        _ = Executors.All.Get(Executor);

        static void Positive(int value, string name) =>
            Require(value > 0, $"{char.ToLowerInvariant(name[0])}{name[1..]} is {value}; it must be positive");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}
