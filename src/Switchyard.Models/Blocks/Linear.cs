using Switchyard.Dense;
using Switchyard.Kernels.Storage;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>y = x·Wᵀ (+ b), computed in the type of x: an fp32 weight serves a bf16 forward pass without a second copy that someone must keep.</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>
{
    private readonly bool _bias;

    /// <summary>Makes a layer with weights drawn from N(0, <paramref name="deviation"/>²) and zero bias.</summary>
    /// <param name="inputSize">Size of x.</param>
    /// <param name="outputSize">Size of y.</param>
    /// <param name="bias">Whether there is b.</param>
    /// <param name="deviation">Standard deviation of the initial weights; 0 for none: they are read later.</param>
    public Linear(int inputSize, int outputSize, bool bias = false, double deviation = 0.02)
        : base(nameof(Linear))
    {
        _bias = bias;
        register_parameter("weight", new Parameter(deviation == 0 ? empty(outputSize, inputSize) : randn(outputSize, inputSize).mul_(Held(deviation))));
        if (bias)
        {
            register_parameter("bias", new Parameter(zeros(outputSize)));
        }
    }

    /// <summary>W [outputSize, inputSize]; [0] where it is <see cref="Stored"/>.</summary>
    public Parameter Weight => get_parameter("weight")!;

    /// <summary>W in the form in which it is stored; null where it is a parameter.</summary>
    public StoredMatrix? Stored { get; private set; }

    /// <summary>Whether W may stay in the form in which it is stored: not where someone reads the parameter itself.</summary>
    internal bool CanKeep { get; init; } = true;

    /// <summary>b [outputSize], or null.</summary>
    public Parameter? Bias => _bias ? get_parameter("bias") : null;

    /// <summary>Puts a frozen matrix in the place of the parameter, which loses its memory. It stays the caller's.</summary>
    internal void Keep(StoredMatrix stored)
    {
        Stored = stored;
        Weight.Release();
    }

    /// <summary>Products of [..., inputSize].</summary>
    public override Tensor forward(Tensor input) => Stored is not null
        ? DenseOperations.Linear(input, Stored, Bias)
        : DenseOperations.Linear(input, Weight.to(input.dtype), Bias?.to(input.dtype));
}
