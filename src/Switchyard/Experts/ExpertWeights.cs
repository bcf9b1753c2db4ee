using Switchyard.Dense;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The weights of E expert FFNs: parameters, each expert's block contiguous, row-major [out, in] as checkpoints store them; or frozen matrices in the form in which they are stored.</summary>
public sealed class ExpertWeights : nn.Module
{
    private const string GateUpName = "gate_up";
    private const string DownName = "down";
    private const string GateUpBiasName = "gate_up_bias";
    private const string DownBiasName = "down_bias";
    private readonly StoredExperts? _own;

    /// <summary>Makes weights drawn from N(0, <paramref name="deviation"/>²); biases are zero.</summary>
    /// <param name="options">Sizes.</param>
    /// <param name="deviation">Standard deviation of the matrices; 0 for zeros, without a draw.</param>
    /// <param name="dtype">Storage type; fp32 unless said otherwise.</param>
    /// <param name="device">Where they lie; the CPU unless said otherwise.</param>
    public ExpertWeights(ExpertOptions options, double deviation = 0.02, ScalarType dtype = ScalarType.Float32, Device? device = null)
        : base(nameof(ExpertWeights))
    {
        Options = options;
        long inner = options.Activation == ExpertActivation.SwiGlu ? 2L * options.InnerSize : options.InnerSize;
        register_parameter(GateUpName, Random(inner, options.HiddenSize));
        register_parameter(DownName, Random(options.HiddenSize, options.InnerSize));
        if (options.Bias)
        {
            register_parameter(GateUpBiasName, new Parameter(zeros(options.Experts, inner, dtype, device)));
            register_parameter(DownBiasName, new Parameter(zeros(options.Experts, options.HiddenSize, dtype, device)));
        }

        Parameter Random(long rows, long columns) =>
            new(deviation == 0 ? zeros(options.Experts, rows, columns, dtype, device) : randn(options.Experts, rows, columns, dtype, device).mul_(Held(deviation)));
    }

    /// <summary>Takes stored matrices, which become its own; biases are zero and frozen.</summary>
    /// <param name="stored">The matrices.</param>
    public ExpertWeights(StoredExperts stored)
        : base(nameof(ExpertWeights))
    {
        Options = stored.Options;
        _own = Stored = stored;
        if (Options.Bias)
        {
            register_parameter(GateUpBiasName, new Parameter(zeros(Options.Experts, Options.Activation.FirstRows(Options.InnerSize)), requires_grad: false));
            register_parameter(DownBiasName, new Parameter(zeros(Options.Experts, Options.HiddenSize), requires_grad: false));
        }
    }

    /// <summary>Sizes.</summary>
    public ExpertOptions Options { get; }

    /// <summary>The matrices in the form in which they are stored; null where they are parameters.</summary>
    public StoredExperts? Stored { get; private set; }

    /// <summary>Puts other frozen matrices in the place of those that are there; parameters lose their memory, biases stay. They are the caller's to dispose.</summary>
    /// <param name="stored">Experts of the same sizes.</param>
    /// <exception cref="ConfigurationException">They have other sizes.</exception>
    public void Keep(StoredExperts stored)
    {
        if (stored.Options != Options)
        {
            throw new ConfigurationException($"{stored.Options} cannot take the place of {Options}");
        }

        if (Stored is null)
        {
            GateUp.Release();
            Down.Release();
        }

        Stored = stored;
    }

    /// <summary>First matrices: [E, 2f, d] (rows 0..f−1 gate, f..2f−1 up) for SwiGLU, [E, f, d] else.</summary>
    /// <exception cref="InvalidOperationException">They are no parameters but <see cref="Stored"/>.</exception>
    public Parameter GateUp => Matrix(GateUpName);

    /// <summary>Second matrices [E, d, f].</summary>
    /// <exception cref="InvalidOperationException">They are no parameters but <see cref="Stored"/>.</exception>
    public Parameter Down => Matrix(DownName);

    /// <summary>Numbers in all matrices and biases.</summary>
    public long ParameterCount => parameters().Sum(p => p.numel())
        + (Stored is null ? 0 : Stored.GateUp.Concat(Stored.Down).Sum(m => (long)m.Rows * m.Columns));

    /// <summary>Biases of the first product, [E, 2f] or [E, f]; null for none.</summary>
    public Parameter? GateUpBias => Options.Bias ? get_parameter(GateUpBiasName) : null;

    /// <summary>Biases of the second product, [E, d]; null for none.</summary>
    public Parameter? DownBias => Options.Bias ? get_parameter(DownBiasName) : null;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _own?.Dispose();
        }

        base.Dispose(disposing);
    }

    private Parameter Matrix(string name) =>
        Stored is null ? get_parameter(name)! : throw new InvalidOperationException($"the experts are stored as {Stored.Storage} and have no parameter '{name}'");
}
