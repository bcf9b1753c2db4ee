using Switchyard.Balancing;
using Switchyard.Capacity;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using static Switchyard.Tests.TinyLayer;
using static TorchSharp.torch;

namespace Switchyard.Tests;

/// <summary>An expert's number is a name: a layer whose routers, balancers and experts are renamed alike computes the same.</summary>
public sealed class RelabelledExpertsTests
{
    /// <summary>Those whose experts can be named anew: the others choose by an expert's number, not by its scores.</summary>
    public static TheoryData<string, string> RelabelledPairs()
    {
        TheoryData<string, string> data = [];
        foreach ((string router, string selector) in Pairs.Select(p => p.Data))
        {
            using LayerRouting routing = new(Options(router, selector));
            if (routing.CannotSelectExperts is null)
            {
                data.Add(router, selector);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(RelabelledPairs))]
    public void Experts_that_are_named_anew_change_nothing(string router, string selector)
    {
        string[] balancers = [.. BalancerNames.Select(b => b.Data).Where(b => RoutingCompatibility.Reason(router, selector, b) is null)];
        IReadOnlyList<string> capacities = CapacityPolicies.All.Names;
        for (int i = 0; i < Math.Max(balancers.Length, capacities.Count); i++)
        {
            (string balancer, string capacity) = (balancers[i % balancers.Length], capacities[i % capacities.Count]);
            using var scope = NewDisposeScope();
            MoeLayerOptions options = Options(router, selector) with { Routing = new RoutingRecipe { Router = router, Selector = selector, Balancer = balancer }, Capacity = capacity, CapacityFactor = 0.9 };
            using MoeLayer layer = Make(options);
            Exercise(layer);

            // Groups of sigmoid-group stay together, in another order.
            Tensor oldOfNew = tensor([5L, 4, 0, 1, 3, 2]);
            using MoeLayer renamed = Renamed(layer, oldOfNew);
            Tensor x = randn(2 * Sequence, HiddenSize);
            string what = $"{router}+{balancer}+{selector}, capacity {capacity}";

            layer.eval();
            renamed.eval();
            Compare(layer.Run(x), renamed.Run(x), what);

            layer.train();
            renamed.train();
            Tensor normal = randn(2 * Sequence, TinyLayer.Experts);
            KeepNoise(layer, normal);
            KeepNoise(renamed, normal.index_select(1, oldOfNew));
            MoeLayerOutput before = layer.Run(x), after = renamed.Run(x);
            Compare(before, after, what + ", in training");

            layer.AfterStep();
            renamed.AfterStep();
            foreach ((string name, Tensor value) in State(layer, oldOfNew))
            {
                Near.AssertClose(renamed.state_dict()[name].to(ScalarType.Float64), value.to(ScalarType.Float64), 1e-5, $"{what}: {name} after a step");
            }
        }

        static void Compare(MoeLayerOutput expected, MoeLayerOutput actual, string what)
        {
            Near.AssertClose(actual.Output, expected.Output, Tolerance, what);
            Assert.Equal(expected.DroppedPairs, actual.DroppedPairs);
            Assert.Equal(expected.BalanceLoss is null, actual.BalanceLoss is null);
            if (expected.BalanceLoss is { } loss)
            {
                Near.AssertClose(actual.BalanceLoss!, loss, 1e-5, what + ": loss");
            }
        }

        static void KeepNoise(MoeLayer layer, Tensor normal)
        {
            if (layer.Selector is NoisyTopKSelector noisy)
            {
                noisy.Normal = _ => normal;
            }

            // Codes are drawn for a loss that looks at their mean over experts; the draw is of the token alone.
            if (layer.Router is LatentPrototypeRouter prototypes)
            {
                prototypes.Noise = deviation => zeros_like(deviation);
            }
        }
    }

    private static MoeLayer Renamed(MoeLayer layer, Tensor oldOfNew)
    {
        MoeLayer renamed = new(layer.Options);
        using var quiet = no_grad();
        Dictionary<string, Tensor> state = renamed.state_dict();
        foreach ((string name, Tensor value) in State(layer, oldOfNew))
        {
            state[name].copy_(value);
        }

        return renamed;
    }

    /// <summary>A layer's state with the rows of its experts in another order.</summary>
    private static Dictionary<string, Tensor> State(MoeLayer layer, Tensor oldOfNew)
    {
        IReadOnlySet<Tensor> byExpert = layer.Routing.TensorsByExpert();
        HashSet<Tensor> experts = new(layer.Experts.parameters(), ReferenceEqualityComparer.Instance);
        return layer.state_dict().ToDictionary(
            s => s.Key,
            s => byExpert.Contains(s.Value) || experts.Contains(s.Value) ? Reordered(s.Value, oldOfNew) : s.Value.detach());
    }

    private static Tensor Reordered(Tensor rows, Tensor order)
    {
        Assert.Equal(TinyLayer.Experts, rows.size(0));
        return rows.detach().index_select(0, order);
    }
}
