using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dense;

public sealed class DenseOperationsTests
{
    private const double Tolerance = 3e-6;

    [Fact]
    public void A_product_and_its_gradients_equal_torchs_in_double()
    {
        foreach ((long[] shape, int outputs, bool bias) in ((long[], int, bool)[])[([5], 3, true), ([7, 20], 9, false), ([2, 31, 48], 100, true), ([0, 4], 3, true)])
        {
            using var scope = NewDisposeScope();
            random.manual_seed(1);
            Tensor[] inputs = [randn(shape), randn(outputs, shape[^1]), bias ? randn(outputs) : empty(0)];
            Compare(inputs, i => DenseOperations.Linear(i[0], i[1], bias ? i[2] : null), i => nn.functional.linear(i[0], i[1], bias ? i[2] : null!));
        }
    }

    [Fact]
    public void A_norm_and_its_gradients_equal_torchs_in_double()
    {
        foreach (long[] shape in (long[][])[[6], [9, 33], [2, 5, 3, 16]])
        {
            using var scope = NewDisposeScope();
            random.manual_seed(2);
            Compare(
                [randn(shape), randn(shape[^1])],
                i => DenseOperations.RootMeanSquareNorm(i[0], i[1], 1e-5),
                i => i[0] * (i[0].square().mean([-1], keepdim: true) + 1e-5).rsqrt() * i[1]);
        }
    }

    [Fact]
    public void A_rotation_and_its_gradient_equal_the_same_in_torch_operations()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        Tensor angles = rand(9, 10).repeat(1, 2) * 6;
        Compare([randn(2, 7, 3, 20)], i => DenseOperations.Rotate(i[0], angles.cos(), angles.sin()), i => DenseOperations.Rotate(i[0], angles.to(ScalarType.Float64).cos(), angles.to(ScalarType.Float64).sin()));
    }

    [Fact]
    public void Views_that_are_not_contiguous_are_read_as_they_are()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        Tensor x = randn(12, 40).t(), weight = randn(12, 7).t(), scale = randn(12);
        Near.AssertClose(DenseOperations.Linear(x, weight), DenseOperations.Linear(x.contiguous(), weight.contiguous()), Tolerance);
        Near.AssertClose(DenseOperations.RootMeanSquareNorm(x, scale, 0), DenseOperations.RootMeanSquareNorm(x.contiguous(), scale, 0), 0);
    }

    [Fact]
    public void Only_what_needs_a_gradient_gets_one()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(3, 4), weight = randn(5, 4).requires_grad_();
        DenseOperations.Linear(x, weight).sum().backward();
        Assert.NotNull(weight.grad);
        Assert.Null(x.grad);

        using var quiet = no_grad();
        Assert.False(DenseOperations.Linear(x, weight).requires_grad);
    }

    [Fact]
    public void Gradients_of_a_weight_used_twice_add_up()
    {
        using var scope = NewDisposeScope();
        Tensor weight = eye(3).requires_grad_(), x = ones(1, 3);
        DenseOperations.Linear(DenseOperations.Linear(x, weight), weight).sum().backward();
        Assert.Equal(2, weight.grad!.min().item<float>());
    }

    [Fact]
    public void The_switch_knows_two_words() =>
        Assert.Throws<ConfigurationException>(() => DenseOperations.Parse("mkl"));

    private static void Compare(Tensor[] inputs, Func<Tensor[], Tensor> ours, Func<Tensor[], Tensor> reference)
    {
        Tensor[] single = [.. inputs.Select(i => i.clone().requires_grad_())];
        Tensor[] exact = [.. inputs.Select(i => i.to(ScalarType.Float64).requires_grad_())];
        (Tensor actual, Tensor expected) = (ours(single), reference(exact));
        Near.AssertClose(actual, expected, Tolerance, "value");
        Tensor slope = randn(actual.shape);
        (actual * slope).sum().backward();
        (expected * slope.to(ScalarType.Float64)).sum().backward();
        for (int i = 0; i < inputs.Length; i++)
        {
            if (exact[i].grad is { } gradient)
            {
                Near.AssertClose(single[i].grad!, gradient, Tolerance, $"gradient {i}");
            }
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Attention_keeps_its_type_but_for_bf16_where_the_kernels_compute(ScalarType type)
    {
        using var scope = NewDisposeScope();
        ScalarType expected = type != ScalarType.BFloat16 || !DenseOperations.ReadsStoredWeights ? type : ScalarType.Float32;

        Assert.Equal(expected, DenseOperations.AttentionType(zeros(2, 3, type)));
    }

    [Fact]
    public void The_address_of_a_part_of_a_tensor_is_that_of_its_first_element()
    {
        using var scope = NewDisposeScope();
        Tensor whole = arange(12, ScalarType.Float32).reshape(3, 4);

        Assert.Equal(whole.Address() + (4 * sizeof(float)), whole[1].Address());
        Assert.Equal(whole.Address(), whole.requires_grad_(true).Address());
    }
}
