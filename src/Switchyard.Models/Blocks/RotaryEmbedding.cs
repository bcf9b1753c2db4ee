using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Rotary position embedding (Su et al. 2021) in the half-split layout: element i of a head turns with element i + D/2 by the angle position·θ^(−2i/D), scaled where a model serves longer sequences than it was trained on.</summary>
public sealed class RotaryEmbedding : IDisposable
{
    private const int FirstPositions = 2048;
    private readonly int _headSize;
    private readonly double _theta;
    private readonly RotaryScaling? _scaling;
    private readonly ScalarType _rounding;
    private readonly Lock _gate = new();
    private Tensor? _cosine;
    private Tensor? _sine;
    private long _length;

    /// <summary>Prepares the angles.</summary>
    /// <param name="headSize">D, even.</param>
    /// <param name="positions">Longest sequence; angles are tabulated as far as they are needed.</param>
    /// <param name="theta">θ.</param>
    /// <param name="scaling">How the angles are scaled; null for not at all.</param>
    /// <param name="rounding">Type that the frequencies θ^(−2i/D) are rounded to: <see cref="MoeTransformerOptions.RotaryRounding"/>.</param>
    /// <exception cref="ConfigurationException">D is odd.</exception>
    public RotaryEmbedding(int headSize, int positions, double theta = 10_000, RotaryScaling? scaling = null, ScalarType rounding = ScalarType.Float64)
    {
        if (headSize % 2 != 0)
        {
            throw new ConfigurationException($"headSize is {headSize}; rotary embedding needs an even size");
        }

        (_headSize, _theta, _scaling, _rounding) = (headSize, theta, scaling, rounding);
        Positions = positions;
    }

    /// <summary>Longest sequence.</summary>
    public int Positions { get; }

    /// <summary>Turns queries or keys [B, N, heads, D].</summary>
    /// <param name="x">What is turned.</param>
    /// <param name="start">Position of the first of the N tokens.</param>
    public Tensor Apply(Tensor x, long start = 0)
    {
        long count = x.size(1);
        (Tensor cosine, Tensor sine) = Tables(start + count);
        if (start == 0)
        {
            return DenseOperations.Rotate(x, cosine, sine);
        }

        using Tensor cosines = cosine.narrow(0, start, count);
        using Tensor sines = sine.narrow(0, start, count);
        return DenseOperations.Rotate(x, cosines, sines);
    }

    /// <summary>Turns queries or keys [B, N, heads, D] whose pairs are neighbours, elements 2i and 2i + 1; the result is half-split, which changes no product of a query and a key.</summary>
    public Tensor ApplyInterleaved(Tensor x, long start = 0)
    {
        Tensor split = x.reshape(x.size(0), x.size(1), x.size(2), _headSize / 2, 2).transpose(-1, -2).reshape(x.shape);
        return Apply(split, start);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cosine?.Dispose();
        _sine?.Dispose();
    }

    private bool IsDynamic => _scaling is { Kind: RotaryScalingKind.Dynamic };

    private (Tensor Cosine, Tensor Sine) Tables(long length)
    {
        lock (_gate)
        {
            // Beyond the original length, the angles of dynamic scaling depend on the length of the sequence itself.
            bool stretched = IsDynamic && length > _scaling!.OriginalPositions;
            long most = IsDynamic ? _scaling!.OriginalPositions : Math.Max(Positions, length);
            if (_cosine is null || (stretched ? _length != length : _length < length || _length > most))
            {
                Dispose();
                _length = stretched ? length : Math.Min(most, Math.Max(FirstPositions, 2 * length));
                (_cosine, _sine) = Make(_length);
            }

            return (_cosine, _sine!);
        }
    }

    private (Tensor Cosine, Tensor Sine) Make(long length)
    {
        using var scope = NewDisposeScope();
        double theta = IsDynamic ? RotaryFrequencies.DynamicTheta(_headSize, _theta, _scaling!, length) : _theta;
        Tensor exponents = arange(Held(0), Held(_headSize), Held(2), ScalarType.Float64) / Held(_headSize);
        Tensor frequencies = pow(theta, -exponents);
        if (_scaling is not null)
        {
            frequencies = tensor(RotaryFrequencies.Scaled(frequencies.data<double>().ToArray(), _theta, _scaling));
        }

        frequencies = frequencies.to(_rounding).to(ScalarType.Float64);
        Tensor angles = outer(arange(Held(length), ScalarType.Float64), frequencies);
        angles = cat([angles, angles], 1);
        double factor = _scaling?.AttentionFactor ?? 1;
        return (Stored(angles.cos()), Stored(angles.sin()));

        Tensor Stored(Tensor t) => (factor == 1 ? t : t * Held(factor)).to(ScalarType.Float32).DetachFromDisposeScope();
    }
}
