using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The expert that every token uses beside its routed ones: FFN(x), or sigmoid(x·gᵀ)·FFN(x) with a gate.</summary>
/// <remarks>Without a gate as in DeepSeekMoE (Dai et al., 2024, section 3.2), with one as in Qwen1.5-MoE.</remarks>
public sealed class SharedExpert : nn.Module<Tensor, Tensor>
{
    private const string GateName = "gate";
    private const string FeedForwardName = "ffn";
    private readonly bool _gated;

    /// <summary>Makes the expert with weights, the gate's too, drawn from N(0, <paramref name="deviation"/>²) and biases of zero.</summary>
    /// <param name="hiddenSize">Hidden size d.</param>
    /// <param name="innerSize">Inner size f.</param>
    /// <param name="activation">The non-linearity.</param>
    /// <param name="gate">Whether the output is multiplied by sigmoid(x·gᵀ).</param>
    /// <param name="bias">Whether both matrices have biases.</param>
    /// <param name="deviation">Standard deviation of the matrices.</param>
    /// <param name="dtype">Storage type; fp32 unless said otherwise.</param>
    /// <param name="device">Where the weights lie; the CPU unless said otherwise.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public SharedExpert(
        int hiddenSize,
        int innerSize,
        ExpertActivation activation = ExpertActivation.SwiGlu,
        bool gate = false,
        bool bias = false,
        double deviation = 0.02,
        ScalarType dtype = ScalarType.Float32,
        Device? device = null)
        : base(nameof(SharedExpert))
    {
        FeedForward = new DenseFeedForward(hiddenSize, innerSize, activation, bias, deviation, dtype, device);
        register_module(FeedForwardName, FeedForward);
        _gated = gate;
        if (gate)
        {
            register_parameter(GateName, new Parameter(randn(1, hiddenSize, dtype, device).mul_(Held(deviation))));
        }
    }

    /// <summary>The FFN.</summary>
    public DenseFeedForward FeedForward { get; }

    /// <summary>The gate g [1, d]; null for none.</summary>
    public Parameter? Gate => _gated ? get_parameter(GateName) : null;

    /// <summary>Outputs [.., d] of hidden states [.., d], to be added to those of the routed experts.</summary>
    public override Tensor forward(Tensor input)
    {
        Tensor y = FeedForward.forward(input);
        if (Gate is null)
        {
            return y;
        }

        using var scope = NewDisposeScope();
        scope.Attach(y);
        return (y * nn.functional.linear(input, Gate.to(input.dtype)).sigmoid()).MoveToOuterDisposeScope();
    }
}
