using Switchyard.Dense;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>y = x · (mean(x²) + ε)^−½ ⊙ w over the last dimension, computed in fp32 (Zhang and Sennrich 2019).</summary>
public sealed class RmsNorm : Norm
{
    /// <summary>Makes a norm with weights of one.</summary>
    /// <param name="size">Size of the last dimension.</param>
    /// <param name="epsilon">ε.</param>
    public RmsNorm(int size, double epsilon = 1e-6)
        : base(nameof(RmsNorm))
    {
        Epsilon = epsilon;
        register_parameter("weight", new Parameter(ones(size)));
    }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <summary>w [size].</summary>
    public Parameter Weight => get_parameter("weight")!;

    /// <inheritdoc/>
    public override Tensor Run(Tensor input, ScalarType resultType) =>
        DenseOperations.RootMeanSquareNorm(input.to(ScalarType.Float32), Weight, Epsilon).to(resultType);
}
