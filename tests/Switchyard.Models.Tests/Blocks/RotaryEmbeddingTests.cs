using Switchyard.Models.Blocks;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Blocks;

public sealed class RotaryEmbeddingTests
{
    private const int HeadSize = 64;
    private static readonly RotaryScaling Linear = new() { Kind = RotaryScalingKind.Linear, Factor = 4, OriginalPositions = 4096 };

    [Fact]
    public void Linear_scaling_turns_by_the_angle_of_a_position_divided_by_the_factor()
    {
        using var scope = NewDisposeScope();
        using RotaryEmbedding plain = new(HeadSize, 64);
        using RotaryEmbedding scaled = new(HeadSize, 64, scaling: Linear);
        Tensor x = randn(1, 1, 2, HeadSize);

        Near.AssertClose(scaled.Apply(x, start: 20), plain.Apply(x, start: 5), 1e-6);
    }

    [Fact]
    public void Dynamic_scaling_leaves_short_sequences_alone_and_gives_long_ones_a_theta_of_their_own()
    {
        using var scope = NewDisposeScope();
        RotaryScaling dynamic = new() { Kind = RotaryScalingKind.Dynamic, Factor = 2, OriginalPositions = 8 };
        using RotaryEmbedding plain = new(HeadSize, 64);
        using RotaryEmbedding scaled = new(HeadSize, 64, scaling: dynamic);
        using RotaryEmbedding wider = new(HeadSize, 64, 10_000 * Math.Pow((2 * 12 / 8.0) - 1, HeadSize / (HeadSize - 2.0)));
        Tensor x = randn(1, 12, 2, HeadSize);

        Near.AssertClose(scaled.Apply(x), wider.Apply(x), 1e-6);
        Near.AssertClose(scaled.Apply(x.narrow(1, 0, 8)), plain.Apply(x.narrow(1, 0, 8)), 1e-6);
        Near.AssertClose(scaled.Apply(x), wider.Apply(x), 1e-6);
    }

    /// <summary>DeepSeek-V3: θ = 10,000, D = 64, 4,096 positions stretched 40-fold; its ramp goes from frequency 10 to 23.</summary>
    [Fact]
    public void Yarn_keeps_fast_frequencies_divides_slow_ones_and_ramps_between()
    {
        RotaryScaling yarn = new() { Kind = RotaryScalingKind.Yarn, Factor = 40, OriginalPositions = 4096 };
        double[] plain = Plain(10_000);

        double[] scaled = RotaryFrequencies.Scaled(plain, 10_000, yarn);

        for (int i = 0; i < plain.Length; i++)
        {
            double ramp = Math.Clamp((i - 10) / 13.0, 0, 1);
            Assert.Equal(plain[i] * (1 - ramp + (ramp / 40)), scaled[i], plain[i] * 1e-12);
        }

        Assert.Equal(1.368888, RotaryScaling.Mscale(40), 6);
        Assert.Equal(1, RotaryScaling.Mscale(1));
    }

    [Fact]
    public void Yarn_without_rounding_starts_its_ramp_between_frequencies()
    {
        RotaryScaling yarn = new() { Kind = RotaryScalingKind.Yarn, Factor = 40, OriginalPositions = 4096, Truncate = false };
        double[] plain = Plain(10_000);

        double[] scaled = RotaryFrequencies.Scaled(plain, 10_000, yarn);

        Assert.Equal(plain[10], scaled[10]);
        Assert.True(scaled[11] < plain[11]);
        Assert.True(scaled[22] > plain[22] / 40);
        Assert.Equal(plain[23] / 40, scaled[23], 1e-12);
    }

    /// <summary>Llama 3.1: θ = 500,000, 8,192 positions stretched 8-fold, low 1, high 4.</summary>
    [Fact]
    public void Llama3_scaling_goes_by_the_wavelength()
    {
        RotaryScaling llama = new() { Kind = RotaryScalingKind.Llama3, Factor = 8, OriginalPositions = 8192, LowFrequencyFactor = 1, HighFrequencyFactor = 4 };
        double[] plain = Plain(500_000);

        double[] scaled = RotaryFrequencies.Scaled(plain, 500_000, llama);

        int between = 0;
        for (int i = 0; i < plain.Length; i++)
        {
            double wavelength = 2 * Math.PI / plain[i];
            double share = wavelength > 8192 ? 1 : wavelength < 2048 ? 0 : (4 - (8192 / wavelength)) / 3;
            Assert.Equal(plain[i] * (1 - share + (share / 8)), scaled[i], plain[i] * 1e-12);
            between += share is > 0 and < 1 ? 1 : 0;
        }

        Assert.True(between > 0);
    }

    [Fact]
    public void The_attention_factor_lengthens_what_is_turned()
    {
        using var scope = NewDisposeScope();
        using RotaryEmbedding one = new(HeadSize, 16, scaling: Linear);
        using RotaryEmbedding longer = new(HeadSize, 16, scaling: Linear with { AttentionFactor = 1.25 });
        Tensor x = randn(2, 5, 3, HeadSize);

        Near.AssertClose(longer.Apply(x), one.Apply(x) * 1.25, 1e-6);
    }

    [Fact]
    public void Neighbouring_pairs_turn_as_complex_numbers_do()
    {
        using var scope = NewDisposeScope();
        using RotaryEmbedding rotary = new(4, 16, 100);
        Tensor query = randn(1, 6, 1, 4), key = randn(1, 6, 1, 4);

        Tensor products = rotary.ApplyInterleaved(query).squeeze(2).matmul(rotary.ApplyInterleaved(key).squeeze(2).transpose(1, 2))[0];

        for (int i = 0; i < 6; i++)
        {
            for (int j = 0; j < 6; j++)
            {
                double expected = 0;
                for (int pair = 0; pair < 2; pair++)
                {
                    System.Numerics.Complex turn = System.Numerics.Complex.FromPolarCoordinates(1, (i - j) * Math.Pow(100, -pair / 2.0));
                    expected += (Pair(query, i, pair) * turn * System.Numerics.Complex.Conjugate(Pair(key, j, pair))).Real;
                }

                Assert.Equal(expected, products[i, j].item<float>(), 1e-4);
            }
        }

        static System.Numerics.Complex Pair(Tensor x, int at, int pair) => new(x[0, at, 0, 2 * pair].item<float>(), x[0, at, 0, (2 * pair) + 1].item<float>());
    }

    [Fact]
    public void Tables_grow_without_changing_what_is_turned()
    {
        using var scope = NewDisposeScope();
        using RotaryEmbedding fresh = new(8, 10_000);
        using RotaryEmbedding grown = new(8, 10_000);
        Tensor x = randn(1, 1, 1, 8);
        grown.Apply(x);

        Assert.True(grown.Apply(x, start: 9_000).Equals(fresh.Apply(x, start: 9_000)));
        Assert.True(grown.Apply(x, start: 3).Equals(fresh.Apply(x, start: 3)));
    }

    private static double[] Plain(double theta) => [.. Enumerable.Range(0, HeadSize / 2).Select(i => Math.Pow(theta, -2.0 * i / HeadSize))];
}
