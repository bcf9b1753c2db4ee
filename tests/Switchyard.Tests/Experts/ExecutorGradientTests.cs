using Switchyard.Dispatch;
using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class ExecutorGradientTests
{
    /// <summary>Central differences of step 1e-5 in double are good to about 1e-9 for values near 1.</summary>
    private const double Tolerance = 1e-7;

    /// <summary>fp32 has 24 bits of mantissa, and the sums here are short.</summary>
    private const double SingleTolerance = 2e-6;

    private const int Tokens = 7, TopK = 2, Experts = 4, HiddenSize = 8, InnerSize = 4;

    public static TheoryData<string, ExpertActivation> NamesAndActivations()
    {
        TheoryData<string, ExpertActivation> data = [];
        foreach (string name in Executors.All.Names)
        {
            foreach (ExpertActivation activation in Enum.GetValues<ExpertActivation>())
            {
                data.Add(name, activation);
            }
        }

        return data;
    }

    /// <summary>In double by the executor itself, where it takes double; in any case its gradients in single against the differences of the oracle in double.</summary>
    [Theory]
    [MemberData(nameof(NamesAndActivations))]
    public void Gradients_are_the_central_differences(string name, ExpertActivation activation)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using ExpertWeights weights = Load.Weights(activation, bias: true, Experts, HiddenSize, InnerSize, ScalarType.Float64);
        using ExpertWeights single = Load.Weights(activation, bias: true, Experts, HiddenSize, InnerSize);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("holes", Tokens, TopK, Experts), Experts, HiddenSize, ScalarType.Float64);
        Tensor direction = randn(Tokens, HiddenSize, ScalarType.Float64);
        ExpertExecutor executor = Executors.All.Get(name).Create(), oracle = Executors.All.Get("sequential").Create();
        Tensor[] inputs = [tokens.X, tokens.Weights, .. weights.parameters()];

        if (executor.Accepts(tokens, weights))
        {
            Assert.InRange(CentralDifference.WorstError(() => Loss(executor), inputs), 0, Tolerance);
        }

        Assert.InRange(CentralDifference.WorstError(() => Loss(oracle), inputs), 0, Tolerance);
        using (no_grad())
        {
            foreach ((string parameter, Tensor value) in weights.named_parameters())
            {
                single.get_parameter(parameter)!.copy_(value);
            }
        }

        DispatchedTokens singleTokens = new(
            tokens.X.detach().to(ScalarType.Float32).requires_grad_(true), tokens.Weights.detach().to(ScalarType.Float32).requires_grad_(true), tokens.Plan);
        Dictionary<string, Tensor> expected = ExecutorRun.All(oracle, tokens, weights, direction);
        foreach ((string what, Tensor value) in ExecutorRun.All(executor, singleTokens, single, direction.to(ScalarType.Float32)))
        {
            Near.AssertClose(value, expected[what], SingleTolerance, what);
        }

        Tensor Loss(ExpertExecutor by) => (by.Run(tokens, weights) * direction).sum();
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
