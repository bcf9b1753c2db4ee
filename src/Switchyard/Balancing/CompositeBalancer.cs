using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Balancing;

/// <summary>Several balancers at once, such as <c>switch+z</c>: losses and choice biases are added.</summary>
public sealed class CompositeBalancer : Balancer
{
    private readonly Balancer[] _parts;

    /// <summary>Joins balancers; they are registered as <c>0</c>, <c>1</c>, ….</summary>
    public CompositeBalancer(IReadOnlyList<Balancer> parts, BalancerOptions options)
        : base(nameof(CompositeBalancer), options)
    {
        _parts = [.. parts];
        for (int i = 0; i < _parts.Length; i++)
        {
            register_module(i.ToString(System.Globalization.CultureInfo.InvariantCulture), _parts[i]);
        }
    }

    /// <summary>The joined balancers.</summary>
    public IReadOnlyList<Balancer> Parts => _parts;

    /// <inheritdoc/>
    public override Tensor? ChoiceBias(Tensor preference, RoutingContext context)
    {
        Tensor? sum = null;
        foreach (Balancer part in _parts)
        {
            if (part.ChoiceBias(preference, context) is { } bias)
            {
                sum = sum is null ? bias : sum + bias;
            }
        }

        return sum;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(BalanceInput input) => [.. _parts.SelectMany(p => p.Losses(input))];

    /// <inheritdoc/>
    public override void Weaken(double factor) => Array.ForEach(_parts, p => p.Weaken(factor));

    /// <inheritdoc/>
    public override void Start(Tensor preference) => Array.ForEach(_parts, p => p.Start(preference));

    /// <inheritdoc/>
    public override bool Settles => _parts.Any(p => p.Settles);

    /// <inheritdoc/>
    public override void Settle(bool on) => Array.ForEach(_parts, p => p.Settle(on));

    /// <inheritdoc/>
    public override void Observe(Tensor load) => Array.ForEach(_parts, p => p.Observe(load));

    /// <inheritdoc/>
    public override void AfterStep() => Array.ForEach(_parts, p => p.AfterStep());

    /// <inheritdoc/>
    public override void DropStep() => Array.ForEach(_parts, p => p.DropStep());
}
