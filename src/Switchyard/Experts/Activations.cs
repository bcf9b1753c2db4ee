using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The experts' non-linearities in differentiable torch operations.</summary>
public static class Activations
{
    /// <summary>[.., f] of [.., 2f] (SwiGLU: gate, then up) or [.., f].</summary>
    public static Tensor Apply(this ExpertActivation activation, Tensor a)
    {
        switch (activation)
        {
            case ExpertActivation.SwiGlu:
                Tensor[] halves = a.chunk(2, -1);
                return nn.functional.silu(halves[0]) * halves[1];
            case ExpertActivation.Gelu:
                return nn.functional.gelu(a);
            case ExpertActivation.Relu:
                return nn.functional.relu(a);
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "no such activation");
        }
    }

    /// <summary>Rows of the first matrix: 2f or f.</summary>
    public static long FirstRows(this ExpertActivation activation, long inner) => activation == ExpertActivation.SwiGlu ? 2 * inner : inner;
}
