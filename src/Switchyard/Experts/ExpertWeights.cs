using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The weights of E expert FFNs as parameters, each expert's block contiguous, row-major [out, in] as checkpoints store them.</summary>
public sealed class ExpertWeights : nn.Module
{
    private const string GateUpName = "gate_up";
    private const string DownName = "down";
    private const string GateUpBiasName = "gate_up_bias";
    private const string DownBiasName = "down_bias";

    /// <summary>Makes weights drawn from N(0, <paramref name="deviation"/>²); biases are zero.</summary>
    /// <param name="options">Sizes.</param>
    /// <param name="deviation">Standard deviation of the matrices.</param>
    /// <param name="dtype">Storage type; fp32 unless said otherwise.</param>
    /// <param name="device">Where they lie; the CPU unless said otherwise.</param>
    public ExpertWeights(ExpertOptions options, double deviation = 0.02, ScalarType dtype = ScalarType.Float32, Device? device = null)
        : base(nameof(ExpertWeights))
    {
        Options = options;
        long inner = options.Activation == ExpertActivation.SwiGlu ? 2L * options.InnerSize : options.InnerSize;
        register_parameter(GateUpName, Matrix(inner, options.HiddenSize));
        register_parameter(DownName, Matrix(options.HiddenSize, options.InnerSize));
        if (options.Bias)
        {
            register_parameter(GateUpBiasName, new Parameter(zeros(options.Experts, inner, dtype, device)));
            register_parameter(DownBiasName, new Parameter(zeros(options.Experts, options.HiddenSize, dtype, device)));
        }

        Parameter Matrix(long rows, long columns) =>
            new(randn(options.Experts, rows, columns, dtype, device).mul_(deviation));
    }

    /// <summary>Sizes.</summary>
    public ExpertOptions Options { get; }

    /// <summary>First matrices: [E, 2f, d] (rows 0..f−1 gate, f..2f−1 up) for SwiGLU, [E, f, d] else.</summary>
    public Parameter GateUp => get_parameter(GateUpName)!;

    /// <summary>Second matrices [E, d, f].</summary>
    public Parameter Down => get_parameter(DownName)!;

    /// <summary>Biases of the first product, [E, 2f] or [E, f]; null for none.</summary>
    public Parameter? GateUpBias => Options.Bias ? get_parameter(GateUpBiasName) : null;

    /// <summary>Biases of the second product, [E, d]; null for none.</summary>
    public Parameter? DownBias => Options.Bias ? get_parameter(DownBiasName) : null;
}
