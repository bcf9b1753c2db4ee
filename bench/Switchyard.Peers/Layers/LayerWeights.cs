using Switchyard.Peers.Weights;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Peers.Layers;

/// <summary>One SwiGLU MoE layer in fp32, the same for all who are timed: router [E, d], first matrices [E, 2f, d] with the gate's rows above, second matrices [E, d, f].</summary>
internal sealed class LayerWeights : IDisposable
{
    private readonly NativeBlock<float> _gateUp, _down;

    /// <summary>Draws the weights; all matrices have the variance 1 ÷ inputs.</summary>
    public LayerWeights(BenchShape shape)
    {
        Shape = shape;
        _gateUp = new NativeBlock<float>((long)shape.Experts * GateUpLength);
        _down = new NativeBlock<float>((long)shape.Experts * DownLength);
        Router = new float[shape.Experts * shape.HiddenSize];
        new RandomNumbers(RandomNumbers.SeedOf("router", 0)).Fill(Router, Deviation(shape.HiddenSize));
        Parallel.For(0, shape.Experts, e =>
        {
            new RandomNumbers(RandomNumbers.SeedOf("gate_up", e)).Fill(GateUp(e), Deviation(shape.HiddenSize));
            new RandomNumbers(RandomNumbers.SeedOf("down", e)).Fill(Down(e), Deviation(shape.InnerSize));
        });

        static float Deviation(int inputs) => 1 / MathF.Sqrt(inputs);
    }

    /// <summary>Sizes.</summary>
    public BenchShape Shape { get; }

    /// <summary>[E, d].</summary>
    public float[] Router { get; }

    /// <summary>Numbers of a first matrix.</summary>
    public int GateUpLength => 2 * Shape.InnerSize * Shape.HiddenSize;

    /// <summary>Numbers of a second matrix.</summary>
    public int DownLength => Shape.HiddenSize * Shape.InnerSize;

    /// <summary>First matrix of an expert, [2f, d].</summary>
    public Span<float> GateUp(int expert) => _gateUp.Part((long)expert * GateUpLength, GateUpLength);

    /// <summary>Second matrix of an expert, [d, f].</summary>
    public Span<float> Down(int expert) => _down.Part((long)expert * DownLength, DownLength);

    /// <summary>Batches of hidden states [T, d] of variance 1: several of a few tokens, so that a call does not find in the caches what the one before it read.</summary>
    public float[][] Inputs(int tokens)
    {
        int batches = tokens switch { < 4 => 32, < 64 => 4, _ => 1 };
        return [.. Enumerable.Range(0, batches).Select(i =>
        {
            float[] x = new float[tokens * Shape.HiddenSize];
            new RandomNumbers(RandomNumbers.SeedOf($"x{tokens}", i)).Fill(x, 1);
            return x;
        })];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gateUp.Dispose();
        _down.Dispose();
    }
}
