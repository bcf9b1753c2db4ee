using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>y = (x − mean(x)) · (var(x) + ε)^−½ ⊙ w + b over the last dimension, computed in fp32 (Ba et al. 2016, arXiv 1607.06450).</summary>
public sealed class LayerNorm : Norm
{
    /// <summary>Makes a norm with weights of one and biases of zero.</summary>
    /// <param name="size">Size of the last dimension.</param>
    /// <param name="epsilon">ε.</param>
    public LayerNorm(int size, double epsilon)
        : base(nameof(LayerNorm))
    {
        Epsilon = epsilon;
        register_parameter("weight", new Parameter(ones(size)));
        register_parameter("bias", new Parameter(zeros(size)));
    }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <summary>w [size].</summary>
    public Parameter Weight => get_parameter("weight")!;

    /// <summary>b [size].</summary>
    public Parameter Bias => get_parameter("bias")!;

    /// <inheritdoc/>
    public override Tensor Run(Tensor input, ScalarType resultType) =>
        nn.functional.layer_norm(input.to(ScalarType.Float32), [Weight.size(0)], Weight, Bias, Epsilon).to(resultType);
}
