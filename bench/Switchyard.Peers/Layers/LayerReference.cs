using System.Numerics.Tensors;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Peers.Layers;

/// <summary>The layer's formula in double precision, of unrounded weights.</summary>
internal static class LayerReference
{
    /// <summary>Output [d] of one token: Σ over the k experts of the largest probability of p_e ÷ Σp · W_down·(silu(W_gate·x) ⊙ W_up·x).</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="token">[d].</param>
    public static double[] Output(LayerWeights weights, float[] token)
    {
        BenchShape shape = weights.Shape;
        (int d, int f) = (shape.HiddenSize, shape.InnerSize);
        double[] x = Array.ConvertAll(token, v => (double)v);
        double[] scores = new double[shape.Experts];
        for (int e = 0; e < scores.Length; e++)
        {
            scores[e] = Dot(weights.Router.AsSpan(e * d, d), x);
        }

        // The softmax over all, divided by the sum of the chosen, is the softmax over the chosen.
        int[] chosen = [.. Enumerable.Range(0, scores.Length).OrderByDescending(e => scores[e]).Take(shape.TopK)];
        double total = chosen.Sum(e => Math.Exp(scores[e] - scores[chosen[0]]));
        double[] y = new double[d], h = new double[f];
        foreach (int e in chosen)
        {
            Span<float> gateUp = weights.GateUp(e), down = weights.Down(e);
            for (int i = 0; i < f; i++)
            {
                double gate = Dot(gateUp.Slice(i * d, d), x);
                h[i] = gate / (1 + Math.Exp(-gate)) * Dot(gateUp.Slice((f + i) * d, d), x);
            }

            double weight = Math.Exp(scores[e] - scores[chosen[0]]) / total;
            for (int i = 0; i < d; i++)
            {
                y[i] += weight * Dot(down.Slice(i * f, f), h);
            }
        }

        return y;
    }

    private static double Dot(ReadOnlySpan<float> row, double[] x)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            sum += row[i] * x[i];
        }

        return sum;
    }

    /// <summary>‖output − expected‖ ÷ ‖expected‖; infinite where there is what is no number.</summary>
    public static double Error(ReadOnlySpan<float> output, double[] expected)
    {
        double squares = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = output[i] - expected[i];
            squares += difference * difference;
        }

        double error = Math.Sqrt(squares) / TensorPrimitives.Norm<double>(expected);
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }
}
