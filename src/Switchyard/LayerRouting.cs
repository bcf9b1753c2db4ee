using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;

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
