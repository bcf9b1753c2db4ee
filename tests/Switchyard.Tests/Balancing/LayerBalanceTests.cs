using Switchyard.Balancing;
using Switchyard.Balancing.Losses;
using Switchyard.Routing;
using Switchyard.Selection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Tests.Balancing;

/// <summary>What a layer tells its balancer.</summary>
public sealed class LayerBalanceTests
{
    [Fact]
    public void The_load_loss_reaches_the_noise_weights_through_the_layer()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        using MoeLayer layer = Make("linear+noisy-topk+importance", topK: 1);
        Parameter noise = ((NoisyTopKSelector)layer.Selector).NoiseWeight;

        layer.Run(randn(40, 8)).BalanceLoss!.backward();

        // With one expert a token every weight is 1 and the importance is constant: what arrives comes from the smooth load.
        Assert.NotNull(noise.grad);
        Assert.True(noise.grad.abs().sum().item<float>() > 1e-6, $"{noise.grad}");
    }

    [Fact]
    public void The_balance_loss_of_a_layer_has_importance_and_smooth_load_of_one_draw_of_noise()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        using MoeLayer layer = Make("linear+noisy-topk+importance:1", topK: 2);
        Tensor normal = randn(40, 6);
        NoisyTopKSelector selector = (NoisyTopKSelector)layer.Selector;
        selector.Normal = _ => normal;
        Tensor x = randn(40, 8);

        Tensor loss = layer.Run(x).BalanceLoss!;

        Assignment assignment = selector.Select(layer.Router.Score(x, RoutingContext.None).Scores, x);
        Tensor importance = ImportanceLoss.SquaredVariation(ImportanceLoss.Importance(assignment, 6));
        Tensor load = ImportanceLoss.SquaredVariation(ImportanceLoss.SmoothLoad(assignment.Noise!, 2));
        Near.AssertClose(loss, importance + load, 1e-5);
    }

    [Theory]
    [InlineData("linear+switch+z", "switch,z")]
    [InlineData("linear+noisy-topk+importance", "importance,smooth-load")]
    [InlineData("lpr", "diversity,kl,alignment")]
    [InlineData("lpr+z", "z,diversity,kl,alignment")]
    [InlineData("linear+bias", "")]
    public void The_terms_of_the_loss_are_named_and_sum_to_it(string routing, string names)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using MoeLayer layer = Make(routing, topK: 2);

        MoeLayerOutput output = layer.Run(randn(40, 8));

        Assert.Equal(names, string.Join(',', output.LossTerms.Select(t => t.Name)));
        Assert.All(output.LossTerms, t => Assert.True(t.Value.requires_grad && t.Value.numel() == 1, t.Name));
        Assert.Equal(output.LossTerms.Sum(t => (double)t.Value.item<float>()), output.BalanceLoss?.item<float>() ?? 0, 1e-6);
    }

    [Fact]
    public void The_balancers_strength_is_in_its_terms_and_not_in_the_routers()
    {
        using var scope = NewDisposeScope();
        using MoeLayer layer = Make("lpr+z", topK: 2);
        Tensor x = randn(40, 8);
        double[] full = Terms();

        layer.Balancer.Strength = 0.25;

        Assert.Equal(full[0] / 4, Terms()[0], 1e-7);
        Assert.Equal(full[3], Terms()[3], 1e-7);

        double[] Terms()
        {
            random.manual_seed(6);
            return [.. layer.Run(x).LossTerms.Select(t => (double)t.Value.item<float>())];
        }
    }

    [Theory]
    [InlineData("bias:0.05")]
    [InlineData("feedback")]
    [InlineData("dual")]
    [InlineData("switch+bias")]
    public void Masked_tokens_do_not_move_a_balancer(string name)
    {
        using var scope = NewDisposeScope();
        using MoeLayer padded = Make($"linear+{name}", topK: 2);
        using MoeLayer plain = Make($"linear+{name}", topK: 2);
        plain.load_state_dict(padded.state_dict());
        random.manual_seed(3);
        for (int step = 0; step < 4; step++)
        {
            Tensor real = randn(30, 8);
            plain.Run(real);
            plain.AfterStep();

            // The padding all goes the same way, so that counting it would show.
            padded.Run(cat([real, ones(50, 8)]), new RoutingContext { TokenMask = arange(80).lt(30) });
            padded.AfterStep();
        }

        Dictionary<string, Tensor> expected = plain.Balancer.state_dict();
        Assert.NotEmpty(expected);
        Assert.All(padded.Balancer.state_dict(), s => Near.AssertClose(s.Value, expected[s.Key], 1e-6));
        Assert.Contains(expected.Values, v => v.ne(0).any().item<bool>());
    }

    [Fact]
    public void The_settings_of_the_balancer_arrive_with_the_sizes_of_the_layer()
    {
        using var scope = NewDisposeScope();
        BalancerOptions settings = new() { Experts = 1, TopK = 1, Sweeps = 9, Scope = BalanceScope.SequencePrefix };

        using MoeLayer layer = new(Options("linear+dual+z", topK: 2) with { Balancer = settings });

        Assert.Equal(settings with { Experts = 6, TopK = 2 }, Assert.IsType<CompositeBalancer>(layer.Balancer).Parts[0].Options);
    }

    private static MoeLayer Make(string routing, int topK) => new(Options(routing, topK));

    private static MoeLayerOptions Options(string routing, int topK) => new()
    {
        HiddenSize = 8,
        Experts = 6,
        TopK = topK,
        InnerSize = 4,
        Routing = RoutingRecipe.Parse(routing),
    };
}
