using Switchyard.Balancing;
using Switchyard.Selection;

namespace Switchyard.Tests.Balancing;

public sealed class RoutingCompatibilityTests
{
    [Theory]
    [InlineData("hash", "topk-softmax", "switch", "nothing to learn")]
    [InlineData("random", "softmax-topk", "z", "nothing to learn")]
    [InlineData("hash", "topk-softmax", "bias", "fixes the experts")]
    [InlineData("random", "topk-softmax", "dual", "fixes the experts")]
    [InlineData("hash", "topk-softmax", "feedback", "fixes the experts")]
    [InlineData("hash", "sinkhorn", "none", "chooses the experts itself")]
    [InlineData("linear", "expert-choice", "bias", "takes no bias")]
    [InlineData("linear", "round-robin", "dual", "takes no bias")]
    [InlineData("linear", "sinkhorn", "bias+z", "takes no bias")]
    [InlineData("linear", "topk-softmax", "lpr", "router 'lpr'")]
    [InlineData("linear", "topk-softmax", "bias+dual", "two balancers")]
    [InlineData("linear", "topk-softmax", "none+z", "leave 'none' out")]
    public void What_makes_no_sense_is_refused_with_its_reason(string router, string selector, string balancer, string reason)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => RoutingCompatibility.Check(router, selector, balancer));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linear", "softmax-topk", "switch+z")]
    [InlineData("linear", "sigmoid-group", "bias+z")]
    [InlineData("lpr", "topk-softmax", "lpr")]
    [InlineData("lpr", "topk-softmax", "lpr+dual")]
    [InlineData("hash", "topk-softmax", "none")]
    [InlineData("random", "round-robin", "none")]
    [InlineData("attention", "sinkhorn", "switch")]
    [InlineData("mlp", "threshold", "dual")]
    public void What_makes_sense_is_let_through(string router, string selector, string balancer) =>
        Assert.Null(RoutingCompatibility.Reason(router, selector, balancer));

    [Fact]
    public void Every_selector_goes_with_no_balancer()
    {
        foreach (SelectorEntry selector in Selectors.All)
        {
            Assert.Null(RoutingCompatibility.Reason("linear", selector.Name, "none"));
        }
    }
}
