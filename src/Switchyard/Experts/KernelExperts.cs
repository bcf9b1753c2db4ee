using Switchyard.Dense;
using Switchyard.Experts.Caching;
using Switchyard.Kernels;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The experts as the kernels read them: tensors in fp32, or frozen ones in 16 bits, or stored matrices.</summary>
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
    public static KernelExperts Of(ExpertWeights experts, Arithmetic arithmetic) => new(
        experts.Stored is null ? experts.GateUp : null,
        experts.Stored is null ? experts.Down : null,
        experts.GateUpBias?.to(ScalarType.Float32),
        experts.DownBias?.to(ScalarType.Float32),
        new KernelForm(experts.Options, experts.Stored, arithmetic));

    /// <summary>All experts where they lie.</summary>
    public ExpertPortion Whole(TensorMemory memory) => Form.Stored?.Whole ?? new ExpertPortion(0, Form.Options.Experts, Halves(memory, GateUp!), Halves(memory, Down!));

    /// <summary>All experts in order, as many at once as are in memory together.</summary>
    /// <param name="memory">Holds what the portions point to.</param>
    /// <param name="rows">Rows of each expert, [E].</param>
    public IEnumerable<ExpertPortion> Portions(TensorMemory memory, IReadOnlyList<int> rows) => Form.Stored?.Portions(rows) ?? [Whole(memory)];

    /// <summary>Matrices over the memory of a tensor [E, rows, columns] of a 16-bit type; null of fp32, which is read as a tensor.</summary>
    private static unsafe List<StoredMatrix>? Halves(TensorMemory memory, Tensor tensor)
    {
        if (tensor.dtype == ScalarType.Float32)
        {
            return null;
        }

        (int rows, int columns) = ((int)tensor.size(1), (int)tensor.size(2));
        var start = (ushort*)memory.Address(tensor);
        List<StoredMatrix> matrices = [];
        for (long e = 0; e < tensor.size(0); e++)
        {
            ushort* values = start + (e * rows * columns);
            matrices.Add(tensor.dtype == ScalarType.BFloat16 ? new BFloat16Matrix(values, rows, columns) : new Float16Matrix((Half*)values, rows, columns));
        }

        return matrices;
    }
}
