using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>A norm over the last dimension, computed in fp32.</summary>
public abstract class Norm : nn.Module<Tensor, Tensor>
{
    /// <summary>Keeps the name for the state dict.</summary>
    protected Norm(string name)
        : base(name)
    {
    }

    /// <summary>Normalises [..., size] and returns the type of the input.</summary>
    public override Tensor forward(Tensor input) => Run(input, input.dtype);

    /// <summary>Normalises [..., size] and returns the result in a type of choice: the residual stream stays fp32 where the products that follow run in bf16.</summary>
    public abstract Tensor Run(Tensor input, ScalarType resultType);

    /// <summary>The norm that a model of these options has, of a size.</summary>
    internal static Norm Of(MoeTransformerOptions options, int size) =>
        options.Encoder is null ? new RmsNorm(size, options.NormEpsilon) : new LayerNorm(size, options.NormEpsilon);
}
