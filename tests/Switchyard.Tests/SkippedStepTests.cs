using Switchyard.Balancing;
using Switchyard.Routing.LatentPrototypes;
using static Switchyard.Tests.TinyLayer;
using static TorchSharp.torch;

namespace Switchyard.Tests;

/// <summary>What a step has seen that the optimizer skipped.</summary>
public sealed class SkippedStepTests
{
    public static TheoryData<string> BalancerNames => TinyLayer.BalancerNames;

    [Theory]
    [MemberData(nameof(BalancerNames))]
    public void A_dropped_step_leaves_nothing_in_a_balancer(string balancer) => AssertForgotten(Options("linear", "softmax-topk") with
    {
        Routing = new RoutingRecipe { Router = "linear", Balancer = balancer },
        Balancer = new BalancerOptions { Experts = 1, TopK = 1, Scope = balancer == "switch" ? BalanceScope.Global : BalanceScope.Batch },
    });

    [Theory]
    [InlineData(PrototypeDistribution.None)]
    [InlineData(PrototypeDistribution.Hellinger)]
    public void A_dropped_step_leaves_nothing_in_moving_prototypes(PrototypeDistribution distribution)
    {
        MoeLayerOptions options = Options("lpr", "topk-softmax");
        AssertForgotten(options with { Router = options.Router! with { LatentPrototypes = options.Router.LatentPrototypes with { Ema = true, Distribution = distribution } } });
    }

    /// <summary>Two steps with and without a lost one between them, whose hidden states are no numbers.</summary>
    private static void AssertForgotten(MoeLayerOptions options)
    {
        using var scope = NewDisposeScope();
        using MoeLayer straight = Make(options);
        using MoeLayer stumbling = Make(options);
        Tensor[] steps = [.. Enumerable.Range(0, 4).Select(_ => randn(30, HiddenSize))];
        foreach (MoeLayer layer in (MoeLayer[])[straight, stumbling])
        {
            layer.train();
            Step(layer, steps[0], steps[1]);
        }

        stumbling.Run(steps[2]);
        stumbling.Run(full_like(steps[2], float.NaN));
        stumbling.DropStep();
        (float Loss, Tensor Output) expected = Step(straight, steps[2], steps[3]), actual = Step(stumbling, steps[2], steps[3]);

        Assert.Equal(expected.Loss, actual.Loss);
        Assert.True(expected.Output.equal(actual.Output).all().item<bool>());
        Dictionary<string, Tensor> state = stumbling.state_dict();
        foreach ((string name, Tensor tensor) in straight.state_dict())
        {
            Assert.True(tensor.bytes.SequenceEqual(state[name].bytes), name);
        }
    }

    private static (float Loss, Tensor Output) Step(MoeLayer layer, params Tensor[] batches)
    {
        float loss = 0;
        Tensor output = empty(0);
        foreach (Tensor batch in batches)
        {
            random.manual_seed(7);
            MoeLayerOutput result = layer.Run(batch);
            loss += result.BalanceLoss?.item<float>() ?? 0;
            output = result.Output.detach();
        }

        layer.AfterStep();
        return (loss, output);
    }
}
