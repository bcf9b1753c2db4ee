using Switchyard.Capacity;
using Switchyard.Routing;
using Switchyard.Selection;
using static Switchyard.Tests.TinyLayer;
using static TorchSharp.torch;

namespace Switchyard.Tests;

/// <summary>Padding takes no part in the routing of the tokens beside it.</summary>
public sealed class PaddingTests
{
    /// <summary>Every selector with every capacity policy; learned noise draws for padding too, so that only its inference can be compared.</summary>
    public static TheoryData<string, string, bool> Cases =>
    [
        .. from selector in Selectors.All.Names
           from policy in CapacityPolicies.All.Names
           from training in new[] { false, true }
           where !(training && selector == "noisy-topk")
           select (selector, policy, training),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tokens_are_served_as_if_the_padding_were_not_there(string selector, string policy, bool training)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeLayer layer = Make(Options("linear", selector) with { Capacity = policy, CapacityFactor = 0.9, SharedInnerSize = 0 });
        layer.train(training);
        bool[] mask = [.. Enumerable.Range(0, 40).Select(i => i % 5 is 1 or 2 or 4)];
        Tensor x = randn(40, HiddenSize), real = tensor(mask);
        // Padding that every expert would like best.
        x = where(real.unsqueeze(1), x, x * 10);

        MoeLayerOutput alone = layer.Run(x[real]);
        MoeLayerOutput padded = layer.Run(x, new RoutingContext { TokenMask = real });

        Assert.True(Near.RelativeError(padded.Output[real], alone.Output) < Tolerance);
        Assert.Equal(alone.DroppedPairs, padded.DroppedPairs);
    }

    [Theory]
    [InlineData("expert-choice", "none")]
    [InlineData("round-robin", "none")]
    [InlineData("softmax-topk", "position")]
    public void A_batch_of_padding_alone_is_served_by_nobody_and_drops_nothing(string selector, string policy)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeLayer layer = Make(Options("linear", selector) with { Capacity = policy, SharedInnerSize = 0 });

        MoeLayerOutput output = layer.Run(randn(6, HiddenSize), new RoutingContext { TokenMask = zeros(6, ScalarType.Bool) });

        Assert.Equal(0, output.Output.abs().max().item<float>());
        Assert.Equal(0, output.DroppedPairs);
    }

    [Theory]
    [InlineData(1.1, 200, 2, 4, 110)]
    [InlineData(1.25, 7, 1, 3, 3)]
    [InlineData(0.07, 100, 1, 1, 7)]
    [InlineData(16d / 15, 15, 1, 4, 4)]
    [InlineData(1e300, 10, 1, 2, 1L << 62)]
    public void Capacity_is_a_ceiling_that_rounding_errors_do_not_raise(double factor, long tokens, int k, int experts, long capacity) =>
        Assert.Equal(capacity, ExpertCapacity.Of(factor, tokens, k, experts));
}
