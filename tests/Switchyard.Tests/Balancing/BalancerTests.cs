using Switchyard.Balancing;
using Switchyard.Balancing.Losses;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Balancing;

public sealed class BalancerTests
{
    private static readonly BalancerOptions s_options = new() { Experts = 6, TopK = 2 };

    public static TheoryData<string> Names => [.. Balancers.All.Names, "switch+z", "bias+z", "switch:0.5+importance"];

    public static TheoryData<string> Losses => ["switch", "importance", "z", "switch+z"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Steps_leave_no_tensor_behind_and_stay_finite(string name)
    {
        using var outer = NewDisposeScope();
        random.manual_seed(1);
        using Balancer balancer = Balancers.Create(name, s_options);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        Tensor scores = randn(24, 6).requires_grad_();
        Step(balancer, selector, scores, RoutingContext.None);
        long live = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 60; i++)
        {
            using var step = NewDisposeScope();
            Step(balancer, selector, scores, RoutingContext.None);
        }

        Assert.Equal(live, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.All(balancer.state_dict().Values, v => Assert.True(v.isfinite().all().item<bool>()));
    }

    [Fact]
    public void A_thousand_steps_leave_no_tensor_behind()
    {
        using var outer = NewDisposeScope();
        random.manual_seed(1);
        using Balancer balancer = Balancers.Create("dual+switch", s_options);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        Tensor scores = randn(24, 6).requires_grad_();
        long live = 0;
        for (int i = 0; i < 1000; i++)
        {
            using var step = NewDisposeScope();
            Step(balancer, selector, scores, RoutingContext.None);
            live = i == 0 ? TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount : live;
        }

        Assert.Equal(live - 1, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void State_restored_from_a_dictionary_goes_on_bit_for_bit(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        Tensor[] batches = [.. Enumerable.Range(0, 12).Select(_ => randn(40, 6) + (arange(6, ScalarType.Float32) / 3))];
        using Balancer whole = Balancers.Create(name, s_options);
        using Balancer first = Balancers.Create(name, s_options);
        using Balancer second = Balancers.Create(name, s_options);

        Tensor[] expected = [.. batches.Select(b => Step(whole, selector, b, RoutingContext.None).Experts)];
        Tensor[] begun = [.. batches.Take(5).Select(b => Step(first, selector, b, RoutingContext.None).Experts)];
        second.load_state_dict(first.state_dict());
        Tensor[] resumed = [.. batches.Skip(5).Select(b => Step(second, selector, b, RoutingContext.None).Experts)];

        Assert.All(expected.Zip(begun.Concat(resumed)), p => Assert.True(p.First.eq(p.Second).all().item<bool>()));
        foreach ((string key, Tensor value) in whole.state_dict())
        {
            Assert.True(value.eq(second.state_dict()[key]).all().item<bool>(), key);
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Padding_takes_part_in_no_loss(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        using Balancer balancer = Balancers.Create(name, s_options);
        Tensor scores = randn(20, 6).requires_grad_();
        Tensor mask = arange(20).lt(13);

        Tensor padded = Loss(balancer, selector, scores, new RoutingContext { TokenMask = mask })!;
        padded.backward();

        Near.AssertClose(padded, Loss(balancer, selector, scores.detach()[..13], RoutingContext.None)!, 1e-5);
        Assert.True(scores.grad![13..].eq(0).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Gradients_of_losses_agree_with_central_differences(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        using Balancer balancer = Balancers.Create(name, s_options);
        Tensor scores = randn(16, 6, ScalarType.Float64).requires_grad_();

        Assert.True(CentralDifference.WorstError(() => Loss(balancer, selector, scores, RoutingContext.None)!, [scores], samples: 24) < 1e-7);
    }

    [Fact]
    public void Joined_balancers_add_losses_and_biases()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        Tensor scores = randn(20, 6);
        Tensor? LossOf(string name) => Loss(Balancers.Create(name, s_options), selector, scores, RoutingContext.None);

        Near.AssertClose(LossOf("switch:0.3+z")!, LossOf("switch:0.3")! + LossOf("z")!, 1e-6);
        Near.AssertClose(LossOf("switch:0.3")!, LossOf("switch")! * 30, 1e-6);
        Near.AssertClose(LossOf("bias+z")!, LossOf("z")!, 1e-6);
        Assert.Null(LossOf("bias"));
        Assert.NotNull(Balancers.Create("bias+z", s_options).ChoiceBias(scores));
        Assert.Null(Balancers.Create("switch+z", s_options).ChoiceBias(scores));
    }

    [Fact]
    public void An_even_load_costs_alpha_and_alpha_k_in_the_convention_of_transformers()
    {
        using var scope = NewDisposeScope();
        Tensor scores = zeros(12, 6);
        using RoundRobinSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        using Balancer ours = Balancers.Create("switch", s_options);
        using Balancer theirs = Balancers.Create("switch", s_options with { Convention = BalanceConvention.Huggingface });

        Assert.Equal(0.01, Loss(ours, selector, scores, RoutingContext.None)!.item<float>(), 6);
        Assert.Equal(0.02, Loss(theirs, selector, scores, RoutingContext.None)!.item<float>(), 6);
    }

    [Fact]
    public void Global_scope_counts_the_load_of_the_whole_step()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(8);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        using Balancer balancer = Balancers.Create("switch:1", s_options with { Scope = BalanceScope.Global });
        Tensor a = randn(10, 6);
        Tensor b = randn(10, 6);
        Tensor both = ExpertLoad.Count(selector.Assign(cat([a, b])).Experts, 6);

        Loss(balancer, selector, a, RoutingContext.None);
        Near.AssertClose(Loss(balancer, selector, b, RoutingContext.None)!, SwitchLoss.OfLoad(b, both), 1e-6);
        balancer.AfterStep();
        Near.AssertClose(Loss(balancer, selector, a, RoutingContext.None)!, SwitchLoss.OfBatch(a, selector.Assign(a).Experts), 1e-6);
        balancer.AfterStep();
        balancer.ReduceLoad = load => load + ExpertLoad.Count(selector.Assign(b).Experts, 6);
        Near.AssertClose(Loss(balancer, selector, a, RoutingContext.None)!, SwitchLoss.OfLoad(a, both), 1e-6);
    }

    [Fact]
    public void The_sequence_term_of_bias_is_the_sequence_form_of_switch()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(8);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        using Balancer balancer = Balancers.Create("bias", s_options with { SequenceCoefficient = 1e-4 });
        Tensor scores = randn(20, 6);
        Tensor expected = (SwitchLoss.OfBatch(scores[..10], selector.Assign(scores[..10]).Experts) + SwitchLoss.OfBatch(scores[10..], selector.Assign(scores[10..]).Experts)) / 2;

        Near.AssertClose(Loss(balancer, selector, scores, new RoutingContext { SequenceLength = 10 })!, expected * 1e-4, 1e-5);
    }

    [Fact]
    public void A_skewed_router_is_brought_towards_even_by_every_balancer_that_moves_the_choice()
    {
        using var scope = NewDisposeScope();
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = 6, TopK = 2 });
        foreach (string name in (string[])["bias:0.05", "dual", "feedback:2"])
        {
            random.manual_seed(9);
            using Balancer balancer = Balancers.Create(name, s_options);
            for (int i = 0; i < 60; i++)
            {
                using var step = NewDisposeScope();
                Step(balancer, selector, Skewed(), RoutingContext.None);
            }

            balancer.eval();
            Tensor scores = Skewed();
            double before = MaxViolation(selector.Assign(scores).Experts);
            double after = MaxViolation(selector.Assign(scores, balancer.ChoiceBias).Experts);
            Assert.True(after < before / 2, $"{name}: {before} to {after}");
        }

        static Tensor Skewed() => randn(400, 6) + (arange(6, ScalarType.Float32) / 2);
    }

    [Fact]
    public void The_smooth_load_counts_pairs_as_the_noise_goes_to_nothing()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(10);
        Tensor scores = randn(50, 6);
        NoisyScores noise = new(scores, scores, full([50, 6], 1e-6));

        Tensor smooth = ImportanceLoss.SmoothLoad(noise, 2);

        Near.AssertClose(smooth, ExpertLoad.Count(TopK.Indices(scores, 2), 6).to(ScalarType.Float32), 1e-5);
    }

    [Theory]
    [InlineData("switch:x")]
    [InlineData("switch:-1")]
    [InlineData("swtich")]
    [InlineData("z+z")]
    public void A_name_that_cannot_be_read_is_refused(string name) =>
        Assert.Throws<ConfigurationException>(() => Balancers.Create(name, s_options));

    private static Tensor? Loss(Balancer balancer, Selector selector, Tensor scores, RoutingContext context) =>
        balancer.Loss(new BalanceInput(scores, selector.Assign(scores), context));

    private static Assignment Step(Balancer balancer, Selector selector, Tensor scores, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        Assignment assignment = selector.Assign(scores, p => balancer.ChoiceBias(p, context));
        balancer.Loss(new BalanceInput(scores, assignment, context));
        balancer.Observe(ExpertLoad.Count(assignment.Experts, 6));
        balancer.AfterStep();
        assignment.Experts.MoveToOuterDisposeScope();
        return assignment;
    }

    private static double MaxViolation(Tensor experts)
    {
        Tensor load = ExpertLoad.Count(experts, 6).to(ScalarType.Float64);
        return (load.max() / load.mean()).item<double>() - 1;
    }

    [Theory]
    [InlineData("bias")]
    [InlineData("dual")]
    [InlineData("dual+z")]
    public void A_balancer_that_starts_from_scores_evens_the_choice_among_them_at_once(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(11);
        Tensor scores = randn(4000, 8) + (arange(8) * 0.5);
        using Balancer balancer = Balancers.Create(name, new BalancerOptions { Experts = 8, TopK = 2 });
        balancer.eval();
        balancer.Start(scores);
        long[] load = ExpertLoad.Count(Switchyard.Selection.TopK.Indices(scores + balancer.ChoiceBias(scores)!, 2), 8).data<long>().ToArray();
        Assert.True(Switchyard.Metrics.LoadMetrics.Gini(load) < 0.01, string.Join(' ', load));
    }
}
