using Switchyard.Balancing;
using Switchyard.Capacity;
using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard;

/// <summary>A Mixture-of-Experts layer: y_t = Σ_j W_tj · FFN_{A_tj}(x_t), plus a shared expert where there is one.</summary>
/// <remarks>
/// Usable in any TorchSharp model as a <c>Module&lt;Tensor, Tensor&gt;</c>. Where the balancer has a loss, or someone listens to the routing, call <see cref="Run"/>:
/// losses and loads are return values. Call <see cref="AfterStep"/> after each optimizer step, or <see cref="DropStep"/> where it is skipped, for balancers with state.
/// </remarks>
public sealed class MoeLayer : nn.Module<Tensor, Tensor>
{
    private const string RouterName = "gate", SelectorName = "selector", BalancerName = "balancer";

    private readonly TokenDispatcher _dispatcher;
    private readonly CapacityPolicy _capacity;
    private readonly ExpertExecutor _executor;

    /// <summary>Makes the layer with fresh weights.</summary>
    /// <param name="options">Sizes and parts.</param>
    /// <param name="dispatcher">Brings tokens to experts; within the process unless said otherwise.</param>
    /// <param name="storedExperts">Frozen experts in the form in which they are stored, which become the layer's own; null for fresh parameters.</param>
    /// <exception cref="ConfigurationException">The options do not fit together.</exception>
    public MoeLayer(MoeLayerOptions options, TokenDispatcher? dispatcher = null, StoredExperts? storedExperts = null)
        : base(nameof(MoeLayer))
    {
        options.Validate();
        Options = options;
        _dispatcher = dispatcher ?? new LocalDispatcher();
        _capacity = CapacityPolicies.All.Get(options.Capacity).Create(new CapacityOptions
        {
            CapacityFactor = options.CapacityFactor,
            RenormalizeAfterDrop = options.RenormalizeAfterDrop,
        });
        _executor = Executors.All.Get(options.Executor).Create(options.ExecutorOptions);
        ExpertOptions sizes = options.ExpertSizes;
        Experts = storedExperts is null ? new ExpertWeights(sizes, options.InitialDeviation)
            : storedExperts.Options == sizes ? new ExpertWeights(storedExperts)
            : throw new ConfigurationException($"the stored experts are {storedExperts.Options}; the layer expects {sizes}");
        register_module("experts", Experts);
        if (options.SharedInnerSize > 0)
        {
            SharedExpert = new SharedExpert(options.HiddenSize, options.SharedInnerSize, options.Activation, options.SharedGate, deviation: options.InitialDeviation);
            SharedExpert.FeedForward.Arithmetic = options.ExecutorOptions.Arithmetic;
            register_module("shared_expert", SharedExpert);
        }

        Routing = new LayerRouting(options);
        Register(Routing);
    }

    /// <summary>Sizes and parts.</summary>
    public MoeLayerOptions Options { get; private set; }

    /// <summary>Router, selector and balancer; <see cref="Exchange"/> puts others in their place.</summary>
    public LayerRouting Routing { get; private set; }

    /// <summary>Scores the tokens.</summary>
    public Router Router => Routing.Router;

    /// <summary>Chooses experts by score.</summary>
    public Selector Selector => Routing.Selector;

    /// <summary>Evens the load.</summary>
    public Balancer Balancer => Routing.Balancer;

    /// <summary>The experts' weights.</summary>
    public ExpertWeights Experts { get; }

    /// <summary>The expert that every token uses; null for none.</summary>
    public SharedExpert? SharedExpert { get; }

    /// <summary>Outputs of hidden states [..., d]; the balancing loss, if any, is not computed.</summary>
    public override Tensor forward(Tensor input) => Run(input).Output;

    /// <summary>Outputs and losses of hidden states.</summary>
    /// <param name="input">Hidden states [..., d].</param>
    /// <param name="context">What else is known of the tokens; nothing unless said otherwise.</param>
    /// <param name="observer">Listens to the routing; null costs nothing.</param>
    public MoeLayerOutput Run(Tensor input, RoutingContext? context = null, IRoutingObserver? observer = null)
    {
        context ??= RoutingContext.None;
        if (input.ndim == 0 || input.size(-1) != Options.HiddenSize)
        {
            throw new ConfigurationException($"hidden states are [{string.Join(", ", input.shape)}]; expected [..., {Options.HiddenSize}]");
        }

        Tensor x = input.reshape(-1, Options.HiddenSize);

        RouterOutput routed = Router.Score(Jittered(x), context);
        Assignment wanted = Selector.Select(routed.Scores, x, preference => Balancer.WeighedBias(preference, context), context.TokenMask);
        Tensor scores = wanted.PreparedScores ?? routed.Scores;
        Assignment kept = _capacity.Apply(wanted, scores, Selector, context.TokenMask);

        Tensor seen = routed.Residual is { } residual ? x + residual.to(x.dtype) : x;
        DispatchedTokens dispatched = _dispatcher.Dispatch(seen, kept, Options.Experts);
        Tensor y = _dispatcher.Combine(_executor.Run(dispatched, Experts), dispatched);
        if (SharedExpert is not null)
        {
            y += SharedExpert.forward(x);
        }

        IReadOnlyList<LossTerm> losses = [];
        if (training)
        {
            Balancer.Observe(ExpertLoad.Count(wanted.Experts, Options.Experts, context.TokenMask));
            losses = [.. Balancer.WeighedLosses(new BalanceInput(scores, wanted, context)), .. Router.Losses(routed, wanted, context)];
        }

        observer?.Observe(new RoutingObservation(Options.Layer, scores.detach(), wanted, context) { Hidden = x.detach(), ExpertInput = seen.detach(), DroppedPairs = kept.DroppedPairs });
        return new MoeLayerOutput(y.reshape(input.shape), LossTerm.Sum(losses), kept.DroppedPairs) { LossTerms = losses };
    }

    /// <summary>FFN_{e_r}(x_r) of R pairs, [R, d]: without combine weight, shared expert and capacity. The layer's own executor computes it, to which a pair is a token with one slot.</summary>
    /// <param name="x">Hidden states as the experts see them, [R, d].</param>
    /// <param name="experts">The expert of each, [R] int64; −1 gives zeros.</param>
    public Tensor ExpertOutputs(Tensor x, Tensor experts)
    {
        Assignment pairs = new(experts.unsqueeze(1), ones(experts.size(0), 1, ScalarType.Float32, x.device));
        DispatchedTokens dispatched = _dispatcher.Dispatch(x, pairs, Options.Experts);
        return _dispatcher.Combine(_executor.Run(dispatched, Experts), dispatched);
    }

    /// <summary>Puts another router, selector and balancer in the place of the layer's own, which are returned. Experts stay.</summary>
    /// <param name="routing">Made for a layer of these sizes; the layer's from now on.</param>
    /// <returns>What the layer had; the caller's from now on.</returns>
    /// <exception cref="ConfigurationException">It was made for other sizes.</exception>
    public LayerRouting Exchange(LayerRouting routing)
    {
        MoeLayerOptions options = LayerRoutingOptions.Of(routing.Options).In(Options);
        if (options != routing.Options)
        {
            throw new ConfigurationException($"the routing was made for another layer: {routing.Options.Experts} experts, top {routing.Options.TopK}, hidden size {routing.Options.HiddenSize}, layer {routing.Options.Layer}; here {Options.Experts}, {Options.TopK}, {Options.HiddenSize}, {Options.Layer}");
        }

        LayerRouting before = Routing;
        foreach (string name in (string[])[RouterName, SelectorName, BalancerName])
        {
            register_module(name, null!);
        }

        Routing = routing;
        Options = options;
        Register(routing);
        routing.Train(training);
        return before;
    }

    /// <summary>Updates the state of router and balancer; call it once after each optimizer step.</summary>
    public void AfterStep()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Balancer.AfterStep();
        Router.AfterStep();
    }

    /// <summary>Forgets what router and balancer have seen since the last step; call it instead of <see cref="AfterStep"/> where the optimizer's step is skipped.</summary>
    public void DropStep()
    {
        Balancer.DropStep();
        Router.DropStep();
    }

    private void Register(LayerRouting routing)
    {
        register_module(RouterName, routing.Router);
        register_module(SelectorName, routing.Selector);
        register_module(BalancerName, routing.Balancer);
    }

    private Tensor Jittered(Tensor x)
    {
        if (!training || Options.InputJitter == 0)
        {
            return x;
        }

        return x * empty_like(x).uniform_(1 - Options.InputJitter, 1 + Options.InputJitter);
    }
}
