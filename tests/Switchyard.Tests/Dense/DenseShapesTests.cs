using Switchyard.Dense;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dense;

public sealed unsafe class DenseShapesTests
{
    [Fact]
    public void A_product_of_sizes_that_do_not_fit_is_refused()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => DenseOperations.Linear(ones(2, 8), ones(3, 4)));
        Assert.ThrowsAny<Exception>(() => DenseOperations.Linear(ones(2, 8), ones(3, 1, 8)));
        Assert.ThrowsAny<Exception>(() => DenseOperations.Linear(ones(2, 8), ones(3, 8), ones(2)));
        Assert.ThrowsAny<Exception>(() => DenseOperations.Linear(ones(64, 4096), ones(4096, 1)));
    }

    [Fact]
    public void A_bias_of_one_value_is_added_to_every_output()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([9f, 9f, 9f], DenseOperations.Linear(ones(1, 8), ones(3, 8), ones(1)).data<float>().ToArray());
    }

    [Fact]
    public void A_product_with_stored_weights_of_sizes_that_do_not_fit_is_refused()
    {
        using var scope = NewDisposeScope();
        float* values = stackalloc float[32];
        Float32Matrix matrix = new(values, 4, 8);
        Assert.Throws<ArgumentException>("x", () => DenseOperations.Linear(ones(2, 7), matrix));
        Assert.Throws<ArgumentException>("bias", () => DenseOperations.Linear(ones(2, 8), matrix, ones(1)));
    }

    [Fact]
    public void A_norm_of_sizes_that_do_not_fit_is_refused()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => DenseOperations.RootMeanSquareNorm(ones(2, 8), ones(3), 1e-5));
    }

    [Fact]
    public void A_rotation_needs_an_angle_for_each_position_and_pair()
    {
        using var scope = NewDisposeScope();
        Tensor heads = ones(1, 4, 2, 8);
        Assert.Throws<ArgumentException>("x", () => DenseOperations.Rotate(heads, ones(1, 8), ones(4, 8)));
        Assert.Throws<ArgumentException>("sines", () => DenseOperations.Rotate(heads, ones(4, 8), ones(4, 4)));
        Assert.Throws<ArgumentException>("cosines", () => DenseOperations.Rotate(heads, ones(4), ones(4, 8)));
        Assert.Throws<ArgumentException>("x", () => DenseOperations.Rotate(ones(1, 4, 2, 7), ones(4, 7), ones(4, 7)));
    }

    [Fact]
    public void Angles_of_any_strides_turn_heads_alike()
    {
        using var scope = NewDisposeScope();
        Tensor heads = randn(2, 4, 2, 8), half = rand(4, 4), angles = cat([half, half], 1);
        Tensor cosines = angles.cos(), sines = angles.sin();
        Tensor expected = DenseOperations.Rotate(heads, cosines, sines);
        Near.AssertClose(DenseOperations.Rotate(heads, cosines.t().contiguous().t(), sines.t().contiguous().t()), expected, 1e-6, "turned");
    }

    [Theory]
    [InlineData(1, 2, 2, 8, 1, 2, 2, 8)]
    [InlineData(2, 64, 2, 8, 2, 64, 2, 8)]
    [InlineData(1, 64, 3, 8, 1, 64, 3, 8)]
    [InlineData(1, 64, 2, 4, 1, 64, 2, 8)]
    [InlineData(1, 64, 2, 8, 1, 64, 1, 8)]
    [InlineData(1, 64, 2, 8, 1, 32, 2, 8)]
    public void Attention_over_keys_and_values_that_do_not_fit_is_refused(long kb, long kn, long kh, long kd, long vb, long vn, long vh, long vd)
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => DenseOperations.CausalAttention(ones(1, 64, 4, 8), ones(kb, kn, kh, kd), ones(vb, vn, vh, vd)));
    }

    [Fact]
    public void A_loss_needs_a_target_for_each_token()
    {
        using var scope = NewDisposeScope();
        Tensor hidden = randn(2, 3, 8), weight = randn(5, 8), targets = zeros(2, 3, ScalarType.Int64);
        Assert.Throws<ArgumentException>("targets", () => DenseOperations.CrossEntropy(hidden, weight, zeros(8, ScalarType.Int64)));
        Assert.Throws<ArgumentException>("targets", () => DenseOperations.CrossEntropy(hidden, weight, zeros(2, 3, ScalarType.Int32)));
        Assert.Throws<ArgumentException>("weight", () => DenseOperations.CrossEntropy(hidden, randn(5, 4), targets));
        Assert.True(DenseOperations.CrossEntropy(hidden, weight, targets).isfinite().item<bool>());
    }
}
