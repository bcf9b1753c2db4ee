using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Balance without a loss: choice by S − q, where the expert prices q solve the batch's assignment problem (<see cref="DualPrices"/>), started from the last batch's. In inference the moving average of q is a constant bias.</summary>
/// <remarks>The average looks back over a share of the batches so far (<see cref="BalancerOptions.AverageShare"/>), since prices of a while ago fit a router that is no more. In training the choice of a token depends on the whole batch, so that it is not causal there; <see cref="BalanceScope.SequencePrefix"/> uses prices of the batches before alone.</remarks>
public sealed class DualBalancer : Balancer
{
    private static readonly string[] StateNames = ["price", "average_price", "batches"];

    private long? _batchesBefore;
    private bool _isStepBegun;

    /// <summary>Makes the balancer with q = 0.</summary>
    /// <exception cref="ConfigurationException">The scope is not one that it knows.</exception>
    public DualBalancer(BalancerOptions options)
        : base(nameof(DualBalancer), options)
    {
        if (options.Scope is not (BalanceScope.Batch or BalanceScope.SequencePrefix))
        {
            throw new ConfigurationException("balancer 'dual' has the scopes batch and sequence-prefix");
        }

        register_buffer("price", zeros(options.Experts));
        register_buffer("average_price", zeros(options.Experts));
        register_buffer("batches", zeros(1, ScalarType.Int64));
        foreach (string name in StateNames)
        {
            register_buffer(BeforeStep(name), State(name).clone(), persistent: false);
        }
    }

    /// <summary>q of the last batch [E].</summary>
    public Tensor Price => State("price");

    /// <summary>The moving average of q [E], the bias of inference (negated).</summary>
    public Tensor AveragePrice => State("average_price");

    /// <inheritdoc/>
    public override void Weaken(double factor)
    {
        using var quiet = no_grad();
        AveragePrice.mul_(Held(factor));
    }

    /// <inheritdoc/>
    public override Tensor? ChoiceBias(Tensor preference, RoutingContext context)
    {
        if (!training)
        {
            return -AveragePrice;
        }

        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor before = -AveragePrice;
        Tensor real = context.TokenMask is { } mask ? preference[mask] : preference;
        // Fewer pairs than experts say nothing of prices.
        if (real.shape[0] * Options.TopK < Options.Experts)
        {
            return before.MoveToOuterDisposeScope();
        }

        BeginStep();
        Price.copy_(DualPrices.Solve(real, Options.TopK, Options.WarmStart ? Price : zeros_like(Price), Options.Sweeps));
        double weight = AverageWeight(State("batches").add_(Held(1)).item<long>());
        AveragePrice.mul_(Held(1 - weight)).add_(Price, alpha: Held(weight));
        return (Options.Scope == BalanceScope.SequencePrefix ? before : -Price).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void AfterStep() => _isStepBegun = false;

    /// <inheritdoc/>
    public override void DropStep()
    {
        if (!_isStepBegun)
        {
            return;
        }

        using var quiet = no_grad();
        foreach (string name in StateNames)
        {
            State(name).copy_(State(BeforeStep(name)));
        }

        _isStepBegun = false;
    }

    /// <inheritdoc/>
    public override void Start(Tensor preference)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Price.copy_(DualPrices.Solve(preference, Options.TopK, zeros_like(Price), DualPrices.SweepsFromNothing));
        AveragePrice.copy_(Price);
        State("batches").fill_(Held(1));
    }

    /// <inheritdoc/>
    public override bool Settles => true;

    /// <inheritdoc/>
    /// <remarks>The average is then the plain mean of the prices of these passes.</remarks>
    public override void Settle(bool on)
    {
        using var quiet = no_grad();
        Tensor batches = State("batches");
        if (on && _batchesBefore is null)
        {
            _batchesBefore = batches.item<long>();
            batches.zero_();
        }
        else if (!on && _batchesBefore is { } before)
        {
            batches.fill_(Held(before));
            _batchesBefore = null;
        }
    }

    /// <summary>Keeps the state as it is before the first pass of a step.</summary>
    private void BeginStep()
    {
        if (_isStepBegun || _batchesBefore is not null)
        {
            return;
        }

        foreach (string name in StateNames)
        {
            State(BeforeStep(name)).copy_(State(name));
        }

        _isStepBegun = true;
    }

    private static string BeforeStep(string name) => $"{name}_before_step";

    /// <summary>The weight of batch number n (from 1) in the average: w_n = 1 / max(1, share·n), or with a fixed decay max(1/n, 1 − decay); 1/n where the router stays as it is.</summary>
    private double AverageWeight(long n) => _batchesBefore is not null ? 1.0 / n : Options.Decay is { } decay
        ? Math.Max(1.0 / n, 1 - decay)
        : 1 / Math.Max(1, Options.AverageShare * n);
}
