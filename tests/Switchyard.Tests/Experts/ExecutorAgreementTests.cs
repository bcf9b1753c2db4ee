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

                Dictionary<string, Tensor> expected = ExecutorRun.All(Executors.All.Get(Oracle).Create(), tokens, weights, direction);
                Dictionary<string, Tensor> actual = ExecutorRun.All(Executors.All.Get(name).Create(), tokens, weights, direction);

                foreach ((string what, Tensor value) in expected)
                {
                    Near.AssertClose(actual[what], value, Tolerance, $"{what}, {activation}, bias {bias}");
                }
            }
        }
    }

    /// <summary>Sizes whose remainders differ by every lane of a vector and row of a tile, loads whose rows do by every lane of a panel. An executor that does not take a size says so.</summary>
    [Theory]
    [MemberData(nameof(ExecutorsAndLoads))]
    public void Executors_agree_at_every_remainder(string name, string load)
    {
        Random random = new(17);
        for (int i = 0; i < 24; i++)
        {
            using var scope = NewDisposeScope();
            int experts = random.Next(2, 9), topK = random.Next(1, Math.Min(experts, 4));
            int hidden = i % 4 == 0 ? 4 * random.Next(1, 20) : random.Next(1, 80), inner = i % 4 == 0 ? 4 * random.Next(1, 20) : random.Next(1, 80);
            ExpertActivation activation = (ExpertActivation)(i % 3);
            manual_seed(i);
            using ExpertWeights weights = Load.Weights(activation, i % 2 == 0, experts, hidden, inner);
            DispatchedTokens tokens = Load.Dispatch(Load.Experts(load, random.Next(1, 130), topK, experts, seed: i), experts, hidden);
            ExpertExecutor executor = Executors.All.Get(name).Create();
            if (!executor.Accepts(tokens, weights))
            {
                Assert.Throws<ConfigurationException>(() => executor.Run(tokens, weights));
                continue;
            }

            Tensor direction = randn_like(tokens.X);
            Dictionary<string, Tensor> expected = ExecutorRun.All(Executors.All.Get(Oracle).Create(), tokens, weights, direction);
            foreach ((string what, Tensor value) in ExecutorRun.All(executor, tokens, weights, direction))
            {
                Near.AssertClose(value, expected[what], Tolerance, $"{what}, case {i}: d {hidden}, f {inner}, E {experts}, k {topK}, {activation}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(ExecutorsAndLoads))]
    public void Outputs_and_gradients_have_the_same_bits_kept_or_recomputed(string name, string load)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, Experts, HiddenSize, InnerSize);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts(load, Tokens, TopK, Experts), Experts, HiddenSize);
        Tensor direction = randn_like(tokens.X);
        ExecutorEntry entry = Executors.All.Get(name);

        Dictionary<string, Tensor> kept = ExecutorRun.All(entry.Create(), tokens, weights, direction);
        Dictionary<string, Tensor> recomputed = ExecutorRun.All(entry.Create(new ExecutorOptions { Activations = SavedActivations.Recompute }), tokens, weights, direction);

        Assert.All(kept, result => Assert.True(result.Value.equal(recomputed[result.Key]).all().item<bool>(), result.Key));
    }
}
