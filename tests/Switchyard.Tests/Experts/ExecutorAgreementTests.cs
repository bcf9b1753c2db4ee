using Switchyard.Dispatch;
using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class ExecutorAgreementTests
{
    private const string Oracle = "sequential";
    private const int Tokens = 96, TopK = 3, Experts = 12, HiddenSize = 24, InnerSize = 16;

    /// <summary>Sums of at most 96 products in another order: well within 1e-5 of the largest element in fp32.</summary>
    private const double Tolerance = 1e-5;

    public static TheoryData<string, string> ExecutorsAndLoads()
    {
        TheoryData<string, string> data = [];
        foreach (string name in Executors.All.Names.Where(n => n != Oracle))
        {
            foreach (string load in Load.Kinds)
            {
                data.Add(name, load);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(ExecutorsAndLoads))]
    public void Executors_agree_with_the_oracle_forward_and_backward(string name, string load)
    {
        foreach (ExpertActivation activation in Enum.GetValues<ExpertActivation>())
        {
            foreach (bool bias in (bool[])[false, true])
            {
                using var scope = NewDisposeScope();
                manual_seed(11);
                using ExpertWeights weights = Load.Weights(activation, bias, Experts, HiddenSize, InnerSize);
                DispatchedTokens tokens = Load.Dispatch(Load.Experts(load, Tokens, TopK, Experts), Experts, HiddenSize);
                Tensor direction = randn_like(tokens.X);

                Dictionary<string, Tensor> expected = Run(Oracle, tokens, weights, direction);
                Dictionary<string, Tensor> actual = Run(name, tokens, weights, direction);

                foreach ((string what, Tensor value) in expected)
                {
                    Near.AssertClose(actual[what], value, Tolerance, $"{what}, {activation}, bias {bias}");
                }
            }
        }
    }

    private static Dictionary<string, Tensor> Run(string name, DispatchedTokens tokens, ExpertWeights weights, Tensor direction)
    {
        weights.zero_grad();
        tokens.X.grad = null;
        tokens.Weights.grad = null;
        Tensor y = Executors.All.Get(name).Create().Run(tokens, weights);
        (y * direction).sum().backward();
        Dictionary<string, Tensor> results = new(StringComparer.Ordinal)
        {
            ["output"] = y.detach(),
            ["dX"] = tokens.X.grad!.clone(),
            ["dWeights"] = where(tokens.Plan.RowOfPair.ge(0), tokens.Weights.grad!, zeros_like(tokens.Weights.grad!)),
        };
        foreach ((string parameter, Tensor value) in weights.named_parameters())
        {
            Assert.NotNull(value.grad);
            results["d " + parameter] = value.grad.clone();
        }

        return results;
    }
}
