using Switchyard.Dense;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Training.Optimization;

/// <summary>AdamW (Loshchilov and Hutter 2019) with clipping of the global norm, in one pass over the memory of each parameter where it lies on the CPU in fp32, and in torch operations elsewhere.</summary>
/// <remarks>
/// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w·(1 − lr·λ) − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε), λ only for parameters with two or more dimensions.
/// The norm is summed in double in a fixed order of fixed blocks, so that a step gives the same bits at any thread count.
/// </remarks>
public sealed unsafe class AdamW : IDisposable
{
    private readonly List<Slot> _slots = [];

    /// <summary>Makes the optimizer for named parameters; those that need no gradient are left out.</summary>
    public AdamW(IEnumerable<(string Name, Parameter Parameter)> parameters, AdamWOptions options)
    {
        Options = options;
        foreach ((string name, Parameter parameter) in parameters)
        {
            if (parameter.requires_grad)
            {
                _slots.Add(new Slot(
                    name,
                    parameter,
                    zeros_like(parameter).DetachFromDisposeScope(),
                    zeros_like(parameter).DetachFromDisposeScope(),
                    parameter.dim() >= 2 ? options.WeightDecay : 0));
            }
        }
    }

    /// <summary>Settings.</summary>
    public AdamWOptions Options { get; }

    /// <summary>Steps done, t.</summary>
    public long Steps { get; internal set; }

    /// <summary>Norm of the whole gradient, √Σg²; not finite where a gradient is not.</summary>
    public double GradientNorm()
    {
        double sum = 0;
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.grad is { } gradient)
            {
                sum += IsFlat(gradient) ? SumOfSquares.Of(Memory(gradient), gradient.numel()) : gradient.to(ScalarType.Float64).square().sum().item<double>();
            }
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">lr of this step.</param>
    /// <param name="gradientNorm">What <see cref="GradientNorm"/> returned, for clipping.</param>
    public void Step(double learningRate, double gradientNorm)
    {
        using var quiet = no_grad();
        Steps++;
        double clip = Options.ClipNorm > 0 ? Math.Min(1, Options.ClipNorm / (gradientNorm + 1e-6)) : 1;
        double correction1 = 1 - Math.Pow(Options.Beta1, Steps);
        double correction2 = Math.Sqrt(1 - Math.Pow(Options.Beta2, Steps));
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.grad is not { } gradient)
            {
                continue;
            }

            AdamWCoefficients coefficients = new()
            {
                Clip = (float)clip,
                Beta1 = (float)Options.Beta1,
                Beta2 = (float)Options.Beta2,
                Decay = (float)(1 - (learningRate * slot.WeightDecay)),
                Rate = (float)(learningRate / correction1),
                RootCorrection = (float)(1 / correction2),
                Epsilon = (float)Options.Epsilon,
            };
            if (IsFlat(slot.Parameter) && IsFlat(gradient))
            {
                AdamWKernel.Run(Memory(slot.Parameter), Memory(gradient), Memory(slot.Mean), Memory(slot.Square), slot.Parameter.numel(), coefficients);
            }
            else
            {
                StepInTorch(slot, gradient, coefficients);
            }
        }
    }

    /// <summary>Clears the gradients.</summary>
    public void ZeroGradients()
    {
        foreach (Slot slot in _slots)
        {
            slot.Parameter.grad?.zero_();
        }
    }

    /// <summary>The state by name: <c>NAME.mean</c> and <c>NAME.square</c> for each parameter. The tensors are the optimizer's own.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State()
    {
        foreach (Slot slot in _slots)
        {
            yield return (slot.Name + ".mean", slot.Mean);
            yield return (slot.Name + ".square", slot.Square);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.Mean.Dispose();
            slot.Square.Dispose();
        }
    }

    private static void StepInTorch(Slot slot, Tensor gradient, AdamWCoefficients c)
    {
        using var scope = NewDisposeScope();
        Tensor g = gradient * Held(c.Clip);
        slot.Mean.mul_(Held(c.Beta1)).add_(g, Held(1 - c.Beta1));
        slot.Square.mul_(Held(c.Beta2)).addcmul_(g, g, Held(1 - c.Beta2));
        slot.Parameter.mul_(Held(c.Decay)).addcdiv_(slot.Mean, slot.Square.sqrt().mul_(Held(c.RootCorrection)).add_(Held(c.Epsilon)), Held(-c.Rate));
    }

    private static bool IsFlat(Tensor t) => t.device_type == TorchSharp.DeviceType.CPU && t.dtype == ScalarType.Float32 && t.is_contiguous();

    private static float* Memory(Tensor t) => (float*)t.Address();

    private sealed record Slot(string Name, Parameter Parameter, Tensor Mean, Tensor Square, double WeightDecay);
}
