using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>The fresh routing of each MoE layer of an upcycled model.</summary>
internal sealed class UpcycledRouting : IDisposable
{
    /// <summary>Scale of a linear router's weights where the weights of the chosen experts must be equal: choices do not depend on it, and weights become 1/k within about a thousandth.</summary>
    private const double SmallScores = 1e-3;

    private readonly LayerRouting[] _layers;

    /// <summary>Draws the routers, each from a seed of its own.</summary>
    /// <param name="target">The options of the new model.</param>
    /// <param name="options">What was asked for.</param>
    public UpcycledRouting(MoeTransformerOptions target, UpcycleOptions options)
    {
        Target = target;
        _layers = [.. Enumerable.Range(0, target.Layers).Where(target.IsMoe).Select(layer =>
        {
            random.manual_seed(unchecked((options.Seed * 1_000_003) + layer));
            LayerRouting routing = new(target.MoeLayer(layer));
            Begin(routing.Router, options);
            return routing;
        })];
    }

    /// <summary>The options of the new model.</summary>
    public MoeTransformerOptions Target { get; }

    /// <summary>The layers' names of what is stored, and the tensors, which stay this one's.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors(TensorNames names) => _layers.SelectMany(l => ModelTensors.OfRouting(l, names));

    /// <summary>What <c>config.json</c> says of the layers; null where it is what the architecture says anyway.</summary>
    public RoutingGroup? Group => Target.Moe!.Routing.Name is "linear" ? null : new RoutingGroup
    {
        Layers = [.. _layers.Select(l => l.Options.Layer)],
        Routing = _layers[0].Options.Routing.Name,
        Router = _layers[0].Router.Options with { Layer = 0 },
        Selector = _layers[0].Selector.Options,
        Balancer = _layers[0].Balancer.Options,
    };

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_layers, l => l.Dispose());

    /// <summary>Brings a fresh router to where the layer computes what the FFN did.</summary>
    private static void Begin(Router router, UpcycleOptions options)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        if (router is LatentPrototypeRouter)
        {
            // It makes what is added to the hidden states that the experts see.
            foreach ((_, Parameter parameter) in router.named_parameters().Where(p => p.name.StartsWith("out_proj.", StringComparison.Ordinal)))
            {
                parameter.zero_();
            }
        }
        else if (router is LinearRouter && options.By == UpcycleMethod.Split)
        {
            router.get_parameter("W_g")!.mul_(Held(options.TopK == options.Experts ? 0 : SmallScores));
        }
    }
}
