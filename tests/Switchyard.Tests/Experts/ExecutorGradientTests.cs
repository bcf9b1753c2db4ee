using Switchyard.Dispatch;
using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class ExecutorGradientTests
{
    /// <summary>Central differences of step 1e-5 in double are good to about 1e-9 for values near 1.</summary>
    private const double Tolerance = 1e-7;

    [Theory]
    [InlineData("sequential", ExpertActivation.SwiGlu)]
    [InlineData("sequential", ExpertActivation.Gelu)]
    [InlineData("padded", ExpertActivation.SwiGlu)]
    [InlineData("padded", ExpertActivation.Gelu)]
    [InlineData("padded", ExpertActivation.Relu)]
    public void Gradients_are_the_central_differences(string name, ExpertActivation activation)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using ExpertWeights weights = Load.Weights(activation, bias: true, 4, 6, 5, ScalarType.Float64);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("holes", 7, 2, 4), 4, 6, ScalarType.Float64);
        Tensor direction = randn(7, 6, ScalarType.Float64);
        ExpertExecutor executor = Executors.All.Get(name).Create();

        double worst = CentralDifference.WorstError(
            () => (executor.Run(tokens, weights) * direction).sum(),
            [tokens.X, tokens.Weights, .. weights.parameters()]);

        Assert.InRange(worst, 0, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Experts_without_tokens_have_a_gradient_of_zero(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, 6, 8, 8);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("empty-experts", 20, 2, 6), 6, 8);

        Executors.All.Get(name).Create().Run(tokens, weights).sum().backward();

        foreach ((string parameter, Tensor value) in weights.named_parameters())
        {
            Tensor perExpert = value.grad!.abs().flatten(1).amax([1]);
            for (int e = 0; e < 6; e++)
            {
                Assert.True((perExpert[e].item<float>() == 0) == (tokens.Plan.Counts[e] == 0), $"{parameter} of expert {e}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_plan_may_be_disposed_before_the_backward(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, 4, 8, 8);
        Tensor y;
        using (NewDisposeScope())
        {
            y = Executors.All.Get(name).Create().Run(Load.Dispatch(Load.Experts("uniform", 20, 2, 4), 4, 8), weights).MoveToOuterDisposeScope();
        }

        y.sum().backward();

        Assert.True(weights.Down.grad!.abs().sum().item<float>() > 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_add_up_over_two_backward_passes(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, 4, 8, 8);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("uniform", 20, 2, 4), 4, 8);
        ExpertExecutor executor = Executors.All.Get(name).Create();

        executor.Run(tokens, weights).sum().backward();
        Tensor once = weights.GateUp.grad!.clone();
        executor.Run(tokens, weights).sum().backward();

        Near.AssertClose(weights.GateUp.grad!, once * 2, 1e-6, name);
    }

    public static TheoryData<string> Names() => [.. Executors.All.Names];
}
