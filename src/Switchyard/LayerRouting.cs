using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard;

/// <summary>Router, selector and balancer of a layer: what <see cref="MoeLayer.Exchange"/> puts in and takes out. Whoever takes it out of a layer disposes it.</summary>
public sealed class LayerRouting : IDisposable
{
    /// <summary>Makes the parts with fresh weights.</summary>
    /// <param name="options">The layer's sizes and parts.</param>
    /// <exception cref="ConfigurationException">The options do not fit together.</exception>
    public LayerRouting(MoeLayerOptions options)
    {
        options.Validate();
        RoutingCompatibility.Check(options.Routing.Router, options.Routing.Selector, options.Routing.Balancer);
        Options = options;
        Router = Routers.All.Get(options.Routing.Router).Create(RouterOptionsOf(options));
        Selector = Selectors.All.Get(options.Routing.Selector).Create(SelectorOptionsOf(options));
        Balancer = Balancers.Create(
            options.Routing.Balancer,
            (options.Balancer ?? new BalancerOptions { Experts = 1, TopK = 1 }) with
            {
                Experts = options.Experts,
                TopK = options.TopK,
            });
    }

    /// <summary>What the parts were made with.</summary>
    public MoeLayerOptions Options { get; }

    /// <summary>Scores the tokens.</summary>
    public Router Router { get; }

    /// <summary>Chooses experts by score.</summary>
    public Selector Selector { get; }

    /// <summary>Evens the load.</summary>
    public Balancer Balancer { get; }

    /// <summary>Why the routing cannot be had for some of the experts alone, as a phrase; null where it can.</summary>
    public string? CannotSelectExperts =>
        !Routers.All.Get(Options.Routing.Router).IsTrainable ? $"its router '{Options.Routing.Router}' fixes the experts of each token by itself and has no scores to take some of"
        : Selector is RoundRobinSelector ? $"its selector '{Options.Routing.Selector}' takes the experts in turn, whatever their scores"
        : null;

    /// <summary>The parameters and persistent buffers that have a row an expert, [E, …]; the others are the same for any number of experts. The routing of some of the experts is made of their rows: its scores are those of these experts.</summary>
    /// <remarks>They are found by making the parts for twice the experts and looking at which shapes differ, so that sizes that happen to equal E do not mislead.</remarks>
    /// <exception cref="ConfigurationException"><see cref="CannotSelectExperts"/> says why there are none.</exception>
    public IReadOnlySet<Tensor> TensorsByExpert()
    {
        if (CannotSelectExperts is { } reason)
        {
            throw new ConfigurationException($"layer {Options.Layer}: {reason}");
        }

        using var scope = NewDisposeScope();
        using LayerRouting twice = new(Options with { Experts = 2 * Options.Experts });
        HashSet<Tensor> found = new(ReferenceEqualityComparer.Instance);
        foreach ((nn.Module mine, nn.Module other) in ((nn.Module, nn.Module)[])[(Router, twice.Router), (Selector, twice.Selector), (Balancer, twice.Balancer)])
        {
            Dictionary<string, Tensor> shapes = other.state_dict();
            found.UnionWith(mine.state_dict().Where(t => shapes.TryGetValue(t.Key, out Tensor? larger) && !t.Value.shape.SequenceEqual(larger.shape)).Select(t => t.Value));
        }

        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Router.Dispose();
        Selector.Dispose();
        Balancer.Dispose();
    }

    /// <summary>The options of a layer's router, sizes filled in.</summary>
    public static RouterOptions RouterOptionsOf(MoeLayerOptions layer) => (layer.Router ?? new RouterOptions { HiddenSize = 1, Experts = 1, TopK = 1 }) with
    {
        HiddenSize = layer.HiddenSize,
        Experts = layer.Experts,
        TopK = layer.TopK,
        VocabularySize = layer.VocabularySize,
        Layer = layer.Layer,
        Seed = layer.Seed,
    };

    /// <summary>The options of a layer's selector, sizes filled in.</summary>
    public static SelectorOptions SelectorOptionsOf(MoeLayerOptions layer) => (layer.Selector ?? new SelectorOptions { Experts = 1, TopK = 1 }) with
    {
        Experts = layer.Experts,
        TopK = layer.TopK,
        HiddenSize = layer.HiddenSize,
    };

    internal void Train(bool on)
    {
        Router.train(on);
        Selector.train(on);
        Balancer.train(on);
    }
}
