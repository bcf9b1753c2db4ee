using Switchyard.Dense;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dense;

/// <summary>The hand-written backwards against differences of their own forwards, without torch in between.</summary>
/// <remarks>
/// The forwards are fp32, so that a small step drowns in their rounding. What is compared is therefore the slope along random directions v, elements N(0, 1), through all inputs at once,
/// by the four-point rule (8·(L(h) − L(−h)) − (L(2h) − L(−2h))) ÷ 12h: its error falls with h⁴, so that with a step of 1/32 about 5e-5 of it are left where the function bends most, and the rounding of L, some 2⁻²⁴ of its terms, is divided by that step.
/// The error is relative to ‖gradient‖, which is the deviation of the slope over directions: what a gradient that is wrong in one part in a thousand of its length would show.
/// </remarks>
public sealed unsafe class DenseGradientTests
{
    private const int Directions = 8;
    private const double Step = 1.0 / 32;
    private const double Tolerance = 1e-4;

    [Theory]
    [InlineData(1, 1, 1, false)]
    [InlineData(7, 20, 9, true)]
    [InlineData(33, 48, 65, true)]
    public void Slopes_of_a_product_are_those_of_its_gradients(int rows, int width, int outputs, bool bias)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        Tensor[] inputs = [randn(rows, width), randn(outputs, width), .. bias ? [randn(outputs)] : Array.Empty<Tensor>()];
        AssertSlopes(i => DenseOperations.Linear(i[0], i[1], bias ? i[2] : null), inputs);
    }

    [Theory]
    [InlineData(7, 20, 9)]
    [InlineData(33, 48, 65)]
    public void Slopes_of_a_product_with_stored_weights_are_those_of_its_gradients(int rows, int width, int outputs)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        Tensor stored = randn(outputs, width).to(ScalarType.BFloat16);
        using TensorMemory memory = new();
        BFloat16Matrix matrix = new((ushort*)memory.Address(stored), outputs, width);
        AssertSlopes(i => DenseOperations.Linear(i[0], matrix, i[1]), [randn(rows, width), randn(outputs)]);
    }

    [Theory]
    [InlineData(1, 6)]
    [InlineData(9, 33)]
    [InlineData(40, 16)]
    public void Slopes_of_a_norm_are_those_of_its_gradients(int rows, int width)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);

        // The norm bends where a row is short, as chance makes it in a few dimensions: rows of length √n or more keep the steps small beside it.
        Tensor x = randn(rows, width);
        x = x / x.square().mean([-1], keepdim: true).sqrt() * (1 + rand(rows, 1));
        AssertSlopes(i => DenseOperations.RootMeanSquareNorm(i[0], i[1], 1e-5), [x, randn(width)]);
    }

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(7, 3, 20)]
    [InlineData(16, 2, 64)]
    public void Slopes_of_a_rotation_are_those_of_its_gradient(int positions, int heads, int headSize)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        Tensor angles = rand(positions + 2, headSize / 2).repeat(1, 2) * 6;
        AssertSlopes(i => DenseOperations.Rotate(i[0], angles.cos(), angles.sin()), [randn(2, positions, heads, headSize)]);
    }

    [Theory]
    [InlineData(1, 4, 2, 1)]
    [InlineData(13, 24, 37, 3)]
    [InlineData(13, 24, 37, 100)]
    public void Slopes_of_the_cross_entropy_are_those_of_its_gradients(int tokens, int width, int vocabulary, int block)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        Tensor targets = randint(0, vocabulary, tokens, ScalarType.Int64);
        if (tokens > 3)
        {
            targets[3].fill_(-100);
        }

        // Logits of deviation 1, as a model has them: h·Wᵀ adds up d products.
        Tensor h = randn(tokens, width), w = randn(vocabulary, width) / Math.Sqrt(width);
        AssertSlopes(i => DenseOperations.CrossEntropy(i[0], i[1], targets, block * vocabulary).reshape(1), [h, w], [1, 1 / Math.Sqrt(width)]);

        Tensor stored = w.to(ScalarType.BFloat16);
        using TensorMemory memory = new();
        BFloat16Matrix matrix = new((ushort*)memory.Address(stored), vocabulary, width);
        AssertSlopes(i => DenseOperations.CrossEntropy(i[0], matrix, targets, block * vocabulary).reshape(1), [h]);
    }

    [Theory]
    [InlineData(1, 1, 1, 4, 4)]
    [InlineData(9, 2, 1, 5, 3)]
    [InlineData(37, 4, 2, 16, 16)]
    public void Slopes_of_causal_attention_are_those_of_its_gradients(int tokens, int heads, int keyHeads, int headSize, int valueSize)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        AssertSlopes(i => DenseOperations.CausalAttention(i[0], i[1], i[2]), [randn(2, tokens, heads, headSize), randn(2, tokens, keyHeads, headSize), randn(2, tokens, keyHeads, valueSize)]);
    }

    /// <summary>Compares slopes along random directions with those that the gradients give.</summary>
    /// <param name="function">What is differentiated; its output is weighed with random numbers.</param>
    /// <param name="inputs">Where.</param>
    /// <param name="lengths">Deviation of a direction's elements in each input; 1 unless given.</param>
    private static void AssertSlopes(Func<Tensor[], Tensor> function, Tensor[] inputs, double[]? lengths = null)
    {
        Tensor[] leaves = [.. inputs.Select(i => i.clone().requires_grad_())];
        Tensor output = function(leaves);
        Tensor upstream = randn(output.shape);
        (output * upstream).sum().backward();
        using var quiet = no_grad();
        double length = Math.Sqrt(leaves.Select((l, i) => Math.Pow(Length(i), 2) * l.grad!.to(ScalarType.Float64).square().sum().item<double>()).Sum());
        double worst = 0;
        for (int n = 0; n < Directions; n++)
        {
            using var scope = NewDisposeScope();
            Tensor[] direction = [.. inputs.Select((t, i) => randn(t.shape) * Length(i))];
            double expected = leaves.Zip(direction, (l, v) => (l.grad!.to(ScalarType.Float64) * v).sum().item<double>()).Sum();
            double slope = ((8 * (Value(Step) - Value(-Step))) - (Value(2 * Step) - Value(-2 * Step))) / (12 * Step);
            worst = Math.Max(worst, Math.Abs(slope - expected) / length);

            double Value(double by) => (function([.. inputs.Zip(direction, (t, v) => t + (v * by))]).to(ScalarType.Float64) * upstream).sum().item<double>();
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"worst {worst:g3}");
        Assert.InRange(worst, 0, Tolerance);

        double Length(int i) => lengths?[i] ?? 1;
    }
}
