using Switchyard.Balancing;
using Switchyard.Capacity;
using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

/// <summary>The gradient of what a token's kept pairs weigh, through router, selector and capacity policy as a layer joins them.</summary>
public sealed class RoutedGradientTests
{
    private const int Tokens = 8, HiddenSize = 6, Experts = 6, TopK = 2;

    /// <summary>Room for fewer pairs than there are (⌈½·8·2/6⌉ = 2 an expert, 12 of 16), so that every policy has something to do.</summary>
    private const double CapacityFactor = 0.5;

    /// <summary>Central differences of step 1e-5 in double are good to about 1e-9 for values near 1.</summary>
    private const double Tolerance = 1e-7;

    /// <summary>Every router that learns, with every selector that it goes with.</summary>
    public static TheoryData<string, string> Pairs()
    {
        TheoryData<string, string> data = [];
        foreach (RouterEntry router in Routers.All.Where(r => r.IsTrainable))
        {
            foreach (string selector in Selectors.All.Names.Where(s => RoutingCompatibility.Reason(router.Name, s, "none") is null))
            {
                data.Add(router.Name, selector);
            }
        }

        return data;
    }

    public static TheoryData<string> Fixed => [.. Routers.All.Where(r => !r.IsTrainable).Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Gradients_through_choice_and_capacity_are_central_differences(string routerName, string selectorName)
    {
        foreach (CapacityPolicyEntry entry in CapacityPolicies.All)
        {
            foreach (bool renormalize in (bool[])(entry.Create(new CapacityOptions()) is DroplessPolicy ? [false] : [false, true]))
            {
                using var scope = NewDisposeScope();
                manual_seed(7);
                using Router router = MakeRouter(routerName);
                using Selector selector = MakeSelector(selectorName);
                CapacityPolicy policy = entry.Create(new CapacityOptions { CapacityFactor = CapacityFactor, RenormalizeAfterDrop = renormalize });
                Tensor x = randn([Tokens, HiddenSize], ScalarType.Float64).requires_grad_();
                Tensor upstream = randn([Tokens, Experts], ScalarType.Float64);

                CentralDifference.Differences found = CentralDifference.AtConstantChoice(
                    () =>
                    {
                        using var pass = NewDisposeScope();
                        Assignment kept = Route(router, selector, policy, x);
                        Tensor slope = upstream.gather(1, kept.Experts.clamp_min(0));
                        return (((kept.Weights * slope) + kept.Weights.square()).sum().MoveToOuterDisposeScope(), kept.Experts.MoveToOuterDisposeScope());
                    },
                    [x, .. router.parameters(), .. selector.parameters()],
                    samples: 3);

                string what = $"{entry.Name}, {(renormalize ? "renormalised" : "not renormalised")}: {found}";
                Assert.True(found.WorstError < Tolerance, what);
                Assert.True(found.LeftOut * 10 <= found.Compared, what);
                Assert.True(policy is DroplessPolicy || Route(router, selector, policy, x).DroppedPairs > 0, what);

                // A token that is left with one expert weighs it the same whatever its scores, where what it lost is made up for.
                Assert.True(renormalize || x.grad!.abs().max().item<double>() > 1e-3, what);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Fixed))]
    public void What_is_not_learned_has_no_gradient_through_any_capacity(string name)
    {
        foreach (CapacityPolicyEntry entry in CapacityPolicies.All)
        {
            using var scope = NewDisposeScope();
            using Router router = MakeRouter(name);
            using Selector selector = MakeSelector(Routers.All.Get(name).DefaultSelector);

            Assignment kept = Route(router, selector, entry.Create(new CapacityOptions { CapacityFactor = CapacityFactor }), randn([Tokens, HiddenSize], ScalarType.Float64).requires_grad_());

            Assert.False(kept.Weights.requires_grad);
            Assert.Empty(router.parameters());
        }
    }

    private static Assignment Route(Router router, Selector selector, CapacityPolicy policy, Tensor x)
    {
        RouterOutput output = router.Score(x, new RoutingContext { TokenIds = arange(Tokens, ScalarType.Int64) });
        Assignment wanted = selector.Select(output.Scores, x);
        return policy.Apply(wanted, wanted.PreparedScores!, selector);
    }

    private static Router MakeRouter(string name)
    {
        Router router = Routers.All.Get(name).Create(new RouterOptions
        {
            HiddenSize = HiddenSize,
            Experts = Experts,
            TopK = TopK,
            Bias = true,
            KeySize = 4,
            Heads = 2,
            HiddenWidth = 3,
            LatentPrototypes = new LatentPrototypeOptions { LatentSize = 3 },
        });
        Spread(router);
        return router;
    }

    private static Selector MakeSelector(string name)
    {
        Selector selector = Selectors.All.Get(name).Create(new SelectorOptions { Experts = Experts, TopK = TopK, HiddenSize = HiddenSize, Groups = 3, TopKGroup = 2, Scale = 1.5 });
        Spread(selector);
        if (selector is NoisyTopKSelector noisy)
        {
            Tensor normal = randn([Tokens, Experts], ScalarType.Float64);
            noisy.Normal = _ => normal;
        }

        return selector;
    }

    /// <summary>Makes scores far enough from each other that a small step changes no choice.</summary>
    private static void Spread(nn.Module module)
    {
        using var quiet = no_grad();
        module.to(ScalarType.Float64);
        foreach (Tensor parameter in module.parameters())
        {
            parameter.add_(randn_like(parameter), 0.7);
        }
    }
}
