using Switchyard.Dense;
using Switchyard.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>A dense FFN with the experts' non-linearities: y = W_down·act(W_up·x + b_up) + b_down. An MoE layer of one expert with k = 1 equals it.</summary>
public sealed class DenseFeedForward : nn.Module<Tensor, Tensor>
{
    private const string GateUpName = "gate_up";
    private const string DownName = "down";
    private const string GateUpBiasName = "gate_up_bias";
    private const string DownBiasName = "down_bias";
    private readonly ExpertOptions _sizes;

    /// <summary>Makes the FFN with weights drawn from N(0, <paramref name="deviation"/>²) and biases of zero.</summary>
    /// <param name="hiddenSize">Hidden size d.</param>
    /// <param name="innerSize">Inner size f.</param>
    /// <param name="activation">The non-linearity.</param>
    /// <param name="bias">Whether both matrices have biases.</param>
    /// <param name="deviation">Standard deviation of the matrices; 0 for none: they are read later.</param>
    /// <param name="dtype">Storage type; fp32 unless said otherwise.</param>
    /// <param name="device">Where the weights lie; the CPU unless said otherwise.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public DenseFeedForward(
        int hiddenSize,
        int innerSize,
        ExpertActivation activation = ExpertActivation.SwiGlu,
        bool bias = false,
        double deviation = 0.02,
        ScalarType dtype = ScalarType.Float32,
        Device? device = null)
        : base(nameof(DenseFeedForward))
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(innerSize);
        _sizes = new ExpertOptions { Experts = 1, HiddenSize = hiddenSize, InnerSize = innerSize, Activation = activation, Bias = bias };
        long first = activation.FirstRows(innerSize);
        register_parameter(GateUpName, Drawn(first, hiddenSize));
        register_parameter(DownName, Drawn(hiddenSize, innerSize));
        if (bias)
        {
            register_parameter(GateUpBiasName, new Parameter(zeros(first, dtype, device)));
            register_parameter(DownBiasName, new Parameter(zeros(hiddenSize, dtype, device)));
        }

        Parameter Drawn(long rows, long columns) =>
            new(deviation == 0 ? empty(rows, columns, dtype, device) : randn(rows, columns, dtype, device).mul_(Held(deviation)));
    }

    /// <summary>The non-linearity.</summary>
    public ExpertActivation Activation => _sizes.Activation;

    /// <summary>Whether both matrices have biases.</summary>
    public bool HasBias => _sizes.Bias;

    /// <summary>The matrices in the form in which they are stored, as one expert; null where they are parameters.</summary>
    public StoredExperts? Stored { get; private set; }

    /// <summary>Puts frozen matrices in the place of the parameters, which lose their memory, or of other frozen ones. They stay the caller's.</summary>
    /// <param name="stored">One expert of the same sizes, without biases.</param>
    /// <exception cref="ConfigurationException">There are biases, or more experts than one, or other sizes.</exception>
    public void Keep(StoredExperts stored)
    {
        if (HasBias || stored.Options != _sizes)
        {
            throw new ConfigurationException($"{stored.Options} cannot take the place of {_sizes}");
        }

        if (Stored is null)
        {
            GateUp.Release();
            Down.Release();
        }

        Stored = stored;
    }

    /// <summary>What stored matrices are multiplied in, where they take it (<see cref="StoredExperts.Takes"/>); else, and if this is null, what follows from the type of the input, as <see cref="ExecutorOptions.Arithmetic"/> says.</summary>
    public Arithmetic? Arithmetic { get; set; }

    /// <summary>First matrix: [2f, d] (rows 0..f−1 gate, f..2f−1 up) for SwiGLU, [f, d] else.</summary>
    public Parameter GateUp => get_parameter(GateUpName)!;

    /// <summary>Second matrix [d, f].</summary>
    public Parameter Down => get_parameter(DownName)!;

    /// <summary>Bias of the first product, [2f] or [f]; null for none.</summary>
    public Parameter? GateUpBias => HasBias ? get_parameter(GateUpBiasName) : null;

    /// <summary>Bias of the second product, [d]; null for none.</summary>
    public Parameter? DownBias => HasBias ? get_parameter(DownBiasName) : null;

    /// <summary>Outputs [.., d] of hidden states [.., d], computed in their type.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (Stored is not null)
        {
            return KernelExecutor.Run(input, Stored, Arithmetic).MoveToOuterDisposeScope();
        }

        ScalarType type = input.dtype;
        Tensor h = _sizes.Activation.Apply(DenseOperations.Linear(input, GateUp.to(type), GateUpBias?.to(type)));
        return DenseOperations.Linear(h, Down.to(type), DownBias?.to(type)).MoveToOuterDisposeScope();
    }
}
