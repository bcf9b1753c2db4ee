using Switchyard.Dense;
using Switchyard.Kernels;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The experts as the kernels read them: fp32 tensors, or stored matrices.</summary>
/// <param name="GateUp">[E, 2f, d] or [E, f, d]; null where they are stored.</param>
/// <param name="Down">[E, d, f]; null where they are stored.</param>
/// <param name="GateUpBias">[E, 2f] or [E, f], or null.</param>
/// <param name="DownBias">[E, d], or null.</param>
/// <param name="Form">What is no tensor.</param>
internal sealed record KernelExperts(Tensor? GateUp, Tensor? Down, Tensor? GateUpBias, Tensor? DownBias, KernelForm Form)
{
    public bool RequiresGradient => new[] { GateUp, Down, GateUpBias, DownBias }.Any(t => t is { requires_grad: true });

    /// <summary>Whether the kernels read experts as they are.</summary>
    public static bool Take(ExpertWeights experts) =>
        experts.Stored is not null
        || experts.GateUp.dtype == ScalarType.Float32
        || (experts.GateUp.dtype is ScalarType.BFloat16 or ScalarType.Float16 && !(is_grad_enabled() && experts.parameters().Any(p => p.requires_grad)));

    /// <summary>Experts that <see cref="Take"/> accepts.</summary>
    public static KernelExperts Of(ExpertWeights experts, Arithmetic arithmetic)
    {
        bool dense = experts.Stored is null && experts.GateUp.dtype == ScalarType.Float32;
        KernelForm form = new(
            experts.Options,
            dense ? null : experts.Stored ?? new StoredExperts(experts.Options, Halves(experts.GateUp), Halves(experts.Down), experts.GateUp.dtype.ToString()),
            arithmetic);
        return new KernelExperts(
            dense ? experts.GateUp : null,
            dense ? experts.Down : null,
            experts.GateUpBias?.to(ScalarType.Float32),
            experts.DownBias?.to(ScalarType.Float32),
            form);
    }

    /// <summary>Matrices over the memory of a tensor [E, rows, columns] of a 16-bit type.</summary>
    private static unsafe List<StoredMatrix> Halves(Tensor tensor)
    {
        (int rows, int columns) = ((int)tensor.size(1), (int)tensor.size(2));
        var start = (ushort*)TensorMemory.Address(tensor);
        List<StoredMatrix> matrices = [];
        for (long e = 0; e < tensor.size(0); e++)
        {
            ushort* values = start + (e * rows * columns);
            matrices.Add(tensor.dtype == ScalarType.BFloat16 ? new BFloat16Matrix(values, rows, columns) : new Float16Matrix((Half*)values, rows, columns));
        }

        return matrices;
    }
}
