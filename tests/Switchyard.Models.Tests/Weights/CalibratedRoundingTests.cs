using Switchyard.Models.Weights;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Weights;

public sealed class CalibratedRoundingTests
{
    [Theory]
    [InlineData(10_000, 40_000, true)]
    [InlineData(46_340, 46_340, true)]
    [InlineData(1, 50_000, false)]
    [InlineData(1_000_000, 4_096, false)]
    public void A_matrix_that_no_array_holds_is_refused_with_its_size(int rows, int columns, bool fits)
    {
        if (fits)
        {
            CalibratedRounding.RequireFits(rows, columns);
            return;
        }

        Assert.Contains($"{rows:N0} rows and {columns:N0} columns", Assert.Throws<ConfigurationException>(() => CalibratedRounding.RequireFits(rows, columns)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 32, 64)]
    [InlineData(4, 128, 200)]
    [InlineData(8, 32, 66)]
    [InlineData(4, 6, 34)]
    public void Products_with_the_inputs_change_less_than_by_plain_rounding_in_every_row(int bits, int group, int columns)
    {
        using var scope = NewDisposeScope();
        (Tensor weights, Tensor inputs) = Problem(columns);
        (RoundedMatrix rounded, RoundingError error) = CalibratedRounding.Round(weights, inputs.t().mm(inputs), bits, group);
        using (rounded)
        {
            Tensor calibrated = Change(weights, Values(rounded), inputs), plain = Change(weights, Plain(weights, bits, group), inputs);
            Assert.True((calibrated <= plain * 1.0001).all().item<bool>());
            Assert.Equal(plain.sum().item<float>(), error.Plain, 1e-3 * error.Plain);
            Assert.Equal(calibrated.sum().item<float>(), error.Calibrated, 1e-3 * error.Plain);
            Assert.True(error.Calibrated < 0.8 * error.Plain, $"{error}");
        }
    }

    [Fact]
    public void Inputs_that_know_nothing_of_each_other_leave_rounding_to_the_nearest()
    {
        using var scope = NewDisposeScope();
        (Tensor weights, _) = Problem(64);
        foreach (Tensor gram in (Tensor[])[zeros(64, 64), eye(64) * 3])
        {
            using RoundedMatrix rounded = CalibratedRounding.Round(weights, gram, 4, 32).Rounded;
            Assert.Equal(Plain(weights, 4, 32).data<float>().ToArray(), Values(rounded).data<float>().ToArray());
        }
    }

    [Fact]
    public void One_row_by_one_column_at_a_time_in_double_gives_the_same_codes()
    {
        using var scope = NewDisposeScope();
        (Tensor weights, Tensor inputs) = Problem(48);
        Tensor gram = inputs.t().mm(inputs);
        using RoundedMatrix rounded = CalibratedRounding.Round(weights, gram, 4, 16).Rounded;
        double[][] expected = ByHand(weights, gram, 16);
        Tensor values = Values(rounded), plain = Plain(weights, 4, 16);
        int calibrated = 0;
        for (int r = 0; r < expected.Length; r++)
        {
            float[] row = values[r].data<float>().ToArray();
            if (row.SequenceEqual(plain[r].data<float>().ToArray()))
            {
                continue;
            }

            calibrated++;
            Assert.All(row.Zip(expected[r]), v => Assert.Equal(v.Second, v.First, 1e-5));
        }

        Assert.True(calibrated > expected.Length / 2);
    }

    /// <summary>The same by the inverse of what is left of H after each column: no factor, no blocks.</summary>
    private static double[][] ByHand(Tensor weights, Tensor gram, int group)
    {
        int columns = (int)weights.size(1);
        Tensor damped = gram.to(ScalarType.Float64);
        damped = damped + (eye(columns, dtype: ScalarType.Float64) * (0.01 * damped.diagonal().mean()));
        Tensor[] inverses = [.. Enumerable.Range(0, columns).Select(k => linalg.inv(damped[k.., k..]))];
        return [.. Enumerable.Range(0, (int)weights.size(0)).Select(r =>
        {
            double[] w = [.. weights[r].data<float>().Select(v => (double)v)], q = new double[columns];
            double scale = 0;
            for (int k = 0; k < columns; k++)
            {
                if (k % group == 0)
                {
                    scale = (float)w[k..Math.Min(columns, k + group)].Max(Math.Abs) / 7f;
                }

                q[k] = Math.Clamp(Math.Round(w[k] / scale), -8, 7) * scale;
                double[] line = inverses[k][0].data<double>().ToArray();
                double error = (w[k] - q[k]) / line[0];
                for (int j = k; j < columns; j++)
                {
                    w[j] -= error * line[j - k];
                }
            }

            return q;
        })];
    }

    /// <summary>Weights and inputs that go together in directions of their own.</summary>
    private static (Tensor Weights, Tensor Inputs) Problem(int columns)
    {
        Generator generator = new(7);
        Tensor weights = randn([24, columns], generator: generator) * 0.1;
        return (weights, randn([300, 12], generator: generator).mm(randn([12, columns], generator: generator)) + (randn([300, columns], generator: generator) * 0.3));
    }

    private static Tensor Change(Tensor weights, Tensor rounded, Tensor inputs) => inputs.mm((weights - rounded).t()).square().sum([0L]);

    private static Tensor Values(RoundedMatrix rounded)
    {
        float[] values = new float[rounded.Stored.Rows * rounded.Stored.Columns];
        for (int r = 0; r < rounded.Stored.Rows; r++)
        {
            rounded.Stored.WidenRow(r, values.AsSpan(r * rounded.Stored.Columns, rounded.Stored.Columns));
        }

        return tensor(values, [rounded.Stored.Rows, rounded.Stored.Columns]);
    }

    private static Tensor Plain(Tensor weights, int bits, int group)
    {
        int most = (1 << (bits - 1)) - 1;
        return cat([.. weights.split(group, 1).Select(g =>
        {
            Tensor scale = g.abs().amax([1], keepdim: true) / most;
            return (g / scale).round() * scale;
        })], 1);
    }
}
