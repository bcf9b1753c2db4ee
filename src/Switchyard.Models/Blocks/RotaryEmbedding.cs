using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Rotary position embedding (Su et al. 2021) in the half-split layout: element i of a head turns with element i + D/2 by the angle position·θ^(−2i/D).</summary>
public sealed class RotaryEmbedding : IDisposable
{
    private readonly Tensor _cosine;
    private readonly Tensor _sine;

    /// <summary>Prepares the angles.</summary>
    /// <param name="headSize">D, even.</param>
    /// <param name="positions">Longest sequence.</param>
    /// <param name="theta">θ.</param>
    /// <exception cref="ConfigurationException">D is odd.</exception>
    public RotaryEmbedding(int headSize, int positions, double theta = 10_000)
    {
        if (headSize % 2 != 0)
        {
            throw new ConfigurationException($"headSize is {headSize}; rotary embedding needs an even size");
        }

        Positions = positions;
        using var scope = NewDisposeScope();
        Tensor exponents = arange(0, headSize, 2, ScalarType.Float64) / headSize;
        Tensor angles = outer(arange(positions, ScalarType.Float64), pow(theta, -exponents));
        angles = cat([angles, angles], 1);
        _cosine = angles.cos().to(ScalarType.Float32).DetachFromDisposeScope();
        _sine = angles.sin().to(ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>Longest sequence.</summary>
    public int Positions { get; }

    /// <summary>Turns queries or keys [B, N, heads, D], whose first position is 0.</summary>
    public Tensor Apply(Tensor x) => DenseOperations.Rotate(x, _cosine, _sine);

    /// <inheritdoc/>
    public void Dispose()
    {
        _cosine.Dispose();
        _sine.Dispose();
    }
}
