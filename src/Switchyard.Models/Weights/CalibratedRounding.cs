using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Models.Weights;

/// <summary>Rounds a matrix to integers by group so that its products with given inputs change little, by the second-order method of Frantar et al. 2022, "GPTQ", arXiv 2210.17323.</summary>
/// <remarks>
/// Minimizes ‖(W − Q)·Xᵀ‖² = Σ_rows e·H·eᵀ, H = Xᵀ·X [K, K] over the inputs X [T, K]. Columns are rounded in order; the error of each, divided by the
/// diagonal of U, the upper Cholesky factor of (H + λ·I)⁻¹, is made good by those after it along the row of U. λ is a hundredth of the mean of H's diagonal.
/// The scale of a group is max|w| ÷ (2^(bits−1) − 1) of what its weights are when its turn comes. A row that plain rounding serves better, by e·H·eᵀ, is rounded plainly.
/// </remarks>
public static class CalibratedRounding
{
    private const double Damping = 0.01;
    private const int Block = 128;

    /// <summary>Rounds.</summary>
    /// <param name="weights">W [N, K] fp32.</param>
    /// <param name="gram">H [K, K] fp32; zeros round plainly.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="group">Columns that share a scale.</param>
    /// <exception cref="ConfigurationException">N·K or K² is more than an array can hold.</exception>
    /// <returns>The matrix, the caller's to dispose, and what rounding costs.</returns>
    public static (RoundedMatrix Rounded, RoundingError Error) Round(Tensor weights, Tensor gram, int bits, int group)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        (int rows, int columns) = (checked((int)weights.size(0)), checked((int)weights.size(1)));
        RequireFits(rows, columns);
        Rounding plain = new(rows, columns, bits, group), calibrated = new(rows, columns, bits, group);
        plain.Round(weights, factor: null);
        calibrated.Round(weights.clone(), Factor(gram));
        float[] plainCost = Cost(weights - plain.Values, gram), calibratedCost = Cost(weights - calibrated.Values, gram);

        RoundedMatrix rounded = new(rows, columns, bits, group);
        double cost = 0;
        for (int r = 0; r < rows; r++)
        {
            bool better = calibratedCost[r] < plainCost[r];
            cost += better ? calibratedCost[r] : plainCost[r];
            (better ? calibrated : plain).CopyRow(r, rounded);
        }

        return (rounded, new RoundingError(plainCost.Sum(c => (double)c), cost, Cost(weights, gram).Sum(c => (double)c)));
    }

    /// <summary>Refuses what does not fit an array: codes [N, K], H [K, K].</summary>
    /// <exception cref="ConfigurationException">It does not.</exception>
    internal static void RequireFits(int rows, int columns)
    {
        if ((long)Math.Max(rows, columns) * columns > Array.MaxLength)
        {
            throw new ConfigurationException($"a matrix of {rows:N0} rows and {columns:N0} columns is too large to be rounded on a calibration text, which takes N·K and K² of at most {Array.MaxLength:N0}; round it plainly");
        }
    }

    /// <summary>e·H·eᵀ of each row.</summary>
    private static float[] Cost(Tensor errors, Tensor gram) => (errors.mm(gram) * errors).sum(1).clamp_min(Held(0)).data<float>().ToArray();

    /// <summary>U with UᵀU = (H + λI)⁻¹.</summary>
    private static Tensor Factor(Tensor gram)
    {
        using var scope = NewDisposeScope();
        Tensor wide = gram.to(ScalarType.Float64);
        double mean = wide.diagonal().mean().item<double>();
        if (mean <= 0)
        {
            return eye(gram.size(0)).MoveToOuterDisposeScope();
        }

        wide = wide + (eye(gram.size(0), dtype: ScalarType.Float64) * Held(Damping * mean));
        Tensor inverse = cholesky_inverse(linalg.cholesky(wide));
        return linalg.cholesky(inverse).t().contiguous().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Rounds all columns of a matrix in order.</summary>
    private sealed class Rounding(int rows, int columns, int bits, int group)
    {
        private readonly sbyte[] _codes = new sbyte[(long)rows * columns];
        private readonly int _groups = (columns + group - 1) / group;
        private readonly float[] _scales = new float[(long)rows * ((columns + group - 1) / group)];

        /// <summary>Q [N, K].</summary>
        public Tensor Values { get; private set; } = zeros(0);

        /// <summary>Rounds; with a factor U the weights change on the way.</summary>
        public void Round(Tensor weights, Tensor? factor)
        {
            // Blocks are whole groups, so that a group has all corrections from before it when its scale is taken.
            int block = Math.Max(group, Block / group * group);
            float[] u = factor is null ? [] : factor.data<float>().ToArray();
            Values = empty(rows, columns);
            for (int begin = 0; begin < columns; begin += block)
            {
                using var scope = NewDisposeScope();
                int width = Math.Min(block, columns - begin), end = begin + width;
                float[] w = weights.narrow(1, begin, width).contiguous().data<float>().ToArray(), q = new float[w.Length], errors = new float[w.Length];
                Parallel.For(0, rows, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, r =>
                    RoundRow(r, begin, w.AsSpan(r * width, width), q.AsSpan(r * width, width), errors.AsSpan(r * width, width), u));
                Values.narrow(1, begin, width).copy_(tensor(q, [rows, width]));
                if (factor is not null && end < columns)
                {
                    weights.narrow(1, end, columns - end).sub_(tensor(errors, [rows, width]).mm(factor.narrow(0, begin, width).narrow(1, end, columns - end)));
                }
            }
        }

        public void CopyRow(int row, RoundedMatrix target)
        {
            Span<byte> codes = target.Codes(row);
            codes.Clear();
            for (int k = 0; k < columns; k++)
            {
                GroupRounding.Put(_codes[((long)row * columns) + k], k, bits, codes);
            }

            _scales.AsSpan(row * _groups, _groups).CopyTo(target.Scales(row));
        }

        private void RoundRow(int row, int begin, Span<float> w, Span<float> q, Span<float> errors, float[] u)
        {
            Span<float> scales = _scales.AsSpan(row * _groups, _groups);
            for (int i = 0; i < w.Length; i++)
            {
                int k = begin + i;
                if (k % group == 0)
                {
                    GroupRounding.Scales(w.Slice(i, Math.Min(group, w.Length - i)), bits, group, scales.Slice(k / group, 1));
                }

                float scale = scales[k / group];
                int code = GroupRounding.Code(w[i], scale, bits);
                _codes[((long)row * columns) + k] = (sbyte)code;
                q[i] = code * scale;
                if (u.Length > 0)
                {
                    ReadOnlySpan<float> line = u.AsSpan((k * columns) + k, w.Length - i);
                    errors[i] = (w[i] - q[i]) / line[0];
                    Subtract(w[(i + 1)..], errors[i], line[1..]);
                }
            }
        }

        /// <summary>w −= error·line.</summary>
        private static void Subtract(Span<float> w, float error, ReadOnlySpan<float> line)
        {
            Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(w);
            ReadOnlySpan<Vector<float>> lines = MemoryMarshal.Cast<float, Vector<float>>(line);
            Vector<float> factor = new(error);
            for (int i = 0; i < vectors.Length; i++)
            {
                vectors[i] -= factor * lines[i];
            }

            for (int i = vectors.Length * Vector<float>.Count; i < w.Length; i++)
            {
                w[i] -= error * line[i];
            }
        }
    }
}
