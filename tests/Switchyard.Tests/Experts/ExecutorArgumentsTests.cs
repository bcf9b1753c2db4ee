using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class ExecutorArgumentsTests
{
    private const int E = 4, D = 8, F = 8, K = 2, T = 20;

    public static TheoryData<string> Names() => [.. Executors.All.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sizes_that_do_not_fit_together_are_refused(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, E, D, F);
        ExpertExecutor executor = Executors.All.Get(name).Create();
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("uniform", T, K, E), E, D);

        Assert.Contains("[20, 16]", Refused(tokens with { X = ones(T, 2 * D) }), StringComparison.Ordinal);
        Assert.Contains("[20, 4]", Refused(tokens with { X = ones(T, D / 2) }), StringComparison.Ordinal);
        Assert.Contains("[19, 8]", Refused(tokens with { X = ones(T - 1, D) }), StringComparison.Ordinal);
        Assert.Contains("Int64", Refused(tokens with { X = ones(T, D, ScalarType.Int64) }), StringComparison.Ordinal);
        Assert.Contains("[20, 1]", Refused(tokens with { Weights = ones(T, 1) }), StringComparison.Ordinal);
        Assert.Contains("8 experts", Refused(Load.Dispatch(Load.Experts("uniform", T, K, 8), 8, D)), StringComparison.Ordinal);
        Assert.Contains("2 experts", Refused(Load.Dispatch(Load.Experts("uniform", T, K, 2), 2, D)), StringComparison.Ordinal);

        string Refused(DispatchedTokens wrong) => Assert.Throws<ConfigurationException>(() => executor.Run(wrong, weights)).Message;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Biases_are_trained_where_the_matrices_are_frozen(string name)
    {
        using var scope = NewDisposeScope();
        foreach (ExpertActivation activation in Enum.GetValues<ExpertActivation>())
        {
            random.manual_seed(6);
            using ExpertWeights weights = Load.Weights(activation, bias: true, E, D, F);
            DispatchedTokens tokens = Load.Dispatch(Load.Experts("zipf", 70, K, E), E, D);
            Tensor direction = randn(70, D);
            Dictionary<string, Tensor> all = ExecutorRun.All(Executors.All.Get("sequential").Create(), tokens, weights, direction);
            weights.GateUp.requires_grad_(false);
            weights.Down.requires_grad_(false);
            weights.zero_grad();

            (Executors.All.Get(name).Create().Run(tokens, weights) * direction).sum().backward();

            foreach ((string parameter, Tensor value) in weights.named_parameters().Where(p => p.parameter.requires_grad))
            {
                Assert.NotNull(value.grad);
                Near.AssertClose(value.grad, all["d " + parameter], 1e-5, $"{name}, {activation}, {parameter}");
            }
        }
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Frozen_experts_of_sixteen_bits_may_be_disposed_before_the_backward(ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(7);
        ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, E, D, F, type);
        foreach (TorchSharp.Modules.Parameter parameter in weights.parameters())
        {
            parameter.requires_grad_(false);
        }

        DispatchedTokens tokens = Load.Dispatch(Load.Experts("uniform", T, K, E), E, D);
        ExpertExecutor executor = Executors.All.Get("grouped").Create();
        executor.Run(tokens, weights).sum().backward();
        Tensor expected = tokens.X.grad!.clone();
        tokens.X.grad = null;

        Tensor sum = executor.Run(tokens, weights).sum();
        weights.Dispose();
        Tensor other = full(4 * E * D * F, float.NaN);
        sum.backward();

        Assert.True(tokens.X.grad!.equal(expected).all().item<bool>());
        Assert.True(other.isnan().all().item<bool>());
    }

    [Fact]
    public unsafe void Stored_experts_that_are_disposed_are_not_read()
    {
        using var scope = NewDisposeScope();
        float* values = stackalloc float[2 * D * F];
        ExpertOptions options = new() { Experts = 1, HiddenSize = D, InnerSize = F };
        StoredExperts stored = new(options, [new Float32Matrix(values, 2 * F, D)], [new Float32Matrix(values, D, F)], "fp32");
        using ExpertWeights weights = new(stored);
        DispatchedTokens tokens = Load.Dispatch(zeros(T, 1, ScalarType.Int64), 1, D);
        stored.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Executors.All.Get("grouped").Create().Run(tokens, weights));
    }

    [Theory]
    [InlineData("grouped", ScalarType.BFloat16)]
    [InlineData("grouped", ScalarType.Float64)]
    [InlineData("block-sparse", ScalarType.BFloat16)]
    [InlineData("padded", ScalarType.BFloat16)]
    [InlineData("auto", ScalarType.Float64)]
    public void Executors_on_kernels_take_sizes_and_types_that_grouped_mm_does_not(string name, ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(8);
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, E, 6, 6, type);
        DispatchedTokens tokens = Load.Dispatch(Load.Experts("uniform", T, K, E), E, 6, type);
        Tensor y = Executors.All.Get(name).Create().Run(tokens, weights);
        Near.AssertClose(y.to(ScalarType.Float64), Executors.All.Get("sequential").Create().Run(tokens, weights).to(ScalarType.Float64), 0.03, name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_token_that_is_no_number_gives_none(string name)
    {
        foreach (ExpertActivation activation in Enum.GetValues<ExpertActivation>())
        {
            using var scope = NewDisposeScope();
            using ExpertWeights weights = Load.Weights(activation, bias: true, E, D, F);
            foreach (int count in (int[])[1, T])
            {
                DispatchedTokens tokens = Load.Dispatch(Load.Experts("uniform", count, K, E), E, D);
                using (no_grad())
                {
                    tokens.X[0, 0] = float.NaN;
                }

                Tensor y = Executors.All.Get(name).Create().Run(tokens, weights);
                Assert.True(y[0].isnan().all().item<bool>(), $"{activation}, T = {count}");
                Assert.False(y.slice(0, 1, count, 1).isnan().any().item<bool>(), $"{activation}, T = {count}");
            }
        }
    }

    [Fact]
    public void A_layer_refuses_tokens_of_another_width()
    {
        using var scope = NewDisposeScope();
        using MoeLayer layer = TinyLayer.Make(TinyLayer.Options("linear", "softmax-topk"));
        Assert.Contains("[..., 8]", Assert.Throws<ConfigurationException>(() => layer.Run(randn(3, 16))).Message, StringComparison.Ordinal);
    }
}
