using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class DenseFeedForwardTests
{
    [Fact]
    public void Swiglu_multiplies_the_gated_half_with_the_other()
    {
        using var scope = NewDisposeScope();
        using DenseFeedForward ffn = new(6, 4, deviation: 0.5);
        Tensor x = randn(2, 3, 6);
        Tensor gate = x.matmul(ffn.GateUp.slice(0, 0, 4, 1).t()), up = x.matmul(ffn.GateUp.slice(0, 4, 8, 1).t());

        Near.AssertClose(ffn.forward(x), (gate / (1 + (-gate).exp()) * up).matmul(ffn.Down.t()), 1e-5);
    }

    [Fact]
    public void Gelu_is_the_exact_one()
    {
        using var scope = NewDisposeScope();
        using DenseFeedForward ffn = new(6, 4, ExpertActivation.Gelu, deviation: 0.5);
        Tensor x = randn(5, 6), a = x.matmul(ffn.GateUp.t());

        Near.AssertClose(ffn.forward(x), (a * 0.5 * (1 + (a / Math.Sqrt(2)).erf())).matmul(ffn.Down.t()), 1e-5);
    }

    [Fact]
    public void Biases_are_added_before_the_activation_and_at_the_end()
    {
        using var scope = NewDisposeScope();
        using DenseFeedForward ffn = new(6, 4, ExpertActivation.Relu, bias: true);
        using var quiet = no_grad();
        ffn.GateUpBias!.normal_();
        ffn.DownBias!.normal_();

        Near.AssertClose(ffn.forward(zeros(1, 6)).squeeze(0), ffn.Down.mv(ffn.GateUpBias.relu()) + ffn.DownBias, 1e-5);
    }

    [Fact]
    public void A_shared_expert_without_a_gate_is_the_dense_ffn()
    {
        using var scope = NewDisposeScope();
        using SharedExpert shared = new(6, 4);
        Tensor x = randn(5, 6);

        Assert.Null(shared.Gate);
        Assert.True(shared.forward(x).Equals(shared.FeedForward.forward(x)));
    }

    [Fact]
    public void A_shared_expert_with_a_gate_is_multiplied_by_its_sigmoid_and_all_of_it_learns()
    {
        using var scope = NewDisposeScope();
        using SharedExpert shared = new(6, 4, gate: true, deviation: 0.5);
        Tensor x = randn(5, 6);

        Tensor y = shared.forward(x);
        y.sum().backward();

        Tensor gate = 1 / (1 + (-x.matmul(shared.Gate!.t())).exp());
        Near.AssertClose(y, gate * shared.FeedForward.forward(x), 1e-5);
        Assert.Equal(["gate", "ffn.gate_up", "ffn.down"], shared.named_parameters().Select(p => p.name).OrderByDescending(n => n, StringComparer.Ordinal));
        Assert.All(shared.parameters(), p => Assert.True(p.grad!.abs().sum().item<float>() > 0));
    }
}
