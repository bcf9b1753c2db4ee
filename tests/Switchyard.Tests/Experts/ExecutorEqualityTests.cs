using Switchyard.Dispatch;
using Switchyard.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class ExecutorEqualityTests
{
    public static TheoryData<string> Names() => [.. Executors.All.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void One_expert_with_one_slot_of_weight_one_is_the_dense_ffn(string name)
    {
        foreach (ExpertActivation activation in Enum.GetValues<ExpertActivation>())
        {
            using var scope = NewDisposeScope();
            using ExpertWeights weights = Load.Weights(activation, bias: true, 1, 16, 8);
            using DenseFeedForward dense = new(16, 8, activation, bias: true);
            using var quiet = no_grad();
            dense.GateUp.copy_(weights.GateUp[0]);
            dense.Down.copy_(weights.Down[0]);
            dense.GateUpBias!.copy_(weights.GateUpBias![0]);
            dense.DownBias!.copy_(weights.DownBias![0]);
            Tensor x = randn(30, 16);
            DispatchedTokens tokens = new(x, ones(30, 1), DispatchPlan.From(zeros(30, 1, ScalarType.Int64), 1));

            Near.AssertClose(Executors.All.Get(name).Create().Run(tokens, weights), dense.forward(x), 1e-5, activation.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Permuting_the_experts_changes_nothing(string name)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, 8, 16, 8);
        using ExpertWeights permuted = Load.Weights(ExpertActivation.SwiGlu, bias: true, 8, 16, 8);
        Tensor oldOfNew = randperm(8, ScalarType.Int64), newOfOld = oldOfNew.argsort();
        foreach ((string parameter, Tensor value) in weights.named_parameters())
        {
            permuted.get_parameter(parameter)!.copy_(value.index_select(0, oldOfNew));
        }

        Tensor experts = Load.Experts("uniform", 40, 3, 8);
        DispatchedTokens tokens = Load.Dispatch(experts, 8, 16);
        DispatchedTokens moved = tokens with { Plan = DispatchPlan.From(newOfOld.index_select(0, experts.flatten()).view(40, 3), 8) };
        ExpertExecutor executor = Executors.All.Get(name).Create();

        Near.AssertClose(executor.Run(moved, permuted), executor.Run(tokens, weights), 1e-6, name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Outputs_and_gradients_have_the_same_bits_with_1_2_3_and_7_threads(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, 16, 64, 32);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("zipf", 512, 4, 16), 16, 64);
        Tensor direction = randn_like(tokens.X);
        ExpertExecutor executor = Executors.All.Get(name).Create();
        int threads = get_num_threads(), most = KernelEngines.MostThreads;
        try
        {
            KernelEngines.MostThreads = 7;
            Dictionary<string, Tensor> one = OnThreads(1);
            foreach (int count in (int[])[2, 3, 7])
            {
                Dictionary<string, Tensor> several = OnThreads(count);
                Assert.All(one, result => Assert.True(result.Value.equal(several[result.Key]).all().item<bool>(), $"{result.Key}, {count} threads"));
            }
        }
        finally
        {
            set_num_threads(threads);
            KernelEngines.MostThreads = most;
        }

        Dictionary<string, Tensor> OnThreads(int count)
        {
            set_num_threads(count);
            return ExecutorRun.All(executor, tokens, weights, direction);
        }
    }

    /// <summary>A capacity that every load fits into changes nothing, and neither does rounding a load up: what is added is zeros.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void No_executor_computes_fewer_rows_than_there_are(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, 16, 8, 8);
        foreach (string load in Load.Kinds)
        {
            DispatchedTokens tokens = Load.Dispatch(Load.Experts(load, 100, 3, 16), 16, 8);
            Assert.InRange(Executors.All.Get(name).Create().ComputedRows(tokens, weights), tokens.Plan.Rows, 16L * 128);
        }
    }

    [Fact]
    public void Padding_is_to_the_largest_load_or_to_whole_tiles_or_both()
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, 3, 8, 8);
        Tensor experts = cat([full([40, 1], 0, ScalarType.Int64), full([7, 1], 1, ScalarType.Int64)]);
        DispatchedTokens tokens = Load.Dispatch(experts, 3, 8);

        Assert.Equal(47, Rows("grouped"));
        Assert.Equal(64 + 32, Rows("block-sparse"));
        Assert.Equal(3 * 40, Rows("padded"));
        Assert.Equal(3 * 64, Rows("block-diagonal"));

        long Rows(string name) => Executors.All.Get(name).Create().ComputedRows(tokens, weights);
    }

    /// <summary>bf16 has 8 bits of mantissa: three products in a row are good to a few parts in a hundred of the largest output.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Half_precision_agrees_with_single_within_its_mantissa(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: true, 6, 32, 16);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("holes", 50, 3, 6), 6, 32);
        ExpertExecutor executor = Executors.All.Get(name).Create();
        Tensor x = tokens.X.detach().to(ScalarType.BFloat16).requires_grad_(true);

        Tensor y = executor.Run(tokens with { X = x }, weights);
        y.to(ScalarType.Float32).sum().backward();
        Tensor single = executor.Run(tokens with { X = x.to(ScalarType.Float32) }, weights);

        Assert.Equal(ScalarType.BFloat16, y.dtype);
        Assert.Equal(ScalarType.Float32, weights.Down.grad!.dtype);
        Assert.Equal(ScalarType.Float32, tokens.Weights.grad!.dtype);
        Near.AssertClose(y, single, 0.03, name);
    }

    [Fact]
    public void Grouped_mm_says_what_it_cannot_do()
    {
        using var scope = NewDisposeScope();
        ExpertExecutor executor = Executors.All.Get("grouped-mm").Create();
        using ExpertWeights doubles = Load.Weights(ExpertActivation.SwiGlu, bias: false, 4, 8, 8, ScalarType.Float64);
        using ExpertWeights odd = Load.Weights(ExpertActivation.SwiGlu, bias: false, 4, 6, 8);
        Tensor experts = Load.Experts("uniform", 5, 2, 4);

        Assert.Contains("Float64", Assert.Throws<ConfigurationException>(() => executor.Run(Load.Dispatch(experts, 4, 8, ScalarType.Float64), doubles)).Message, StringComparison.Ordinal);
        Assert.Contains("multiples of 4", Assert.Throws<ConfigurationException>(() => executor.Run(Load.Dispatch(experts, 4, 6), odd)).Message, StringComparison.Ordinal);
    }
}
