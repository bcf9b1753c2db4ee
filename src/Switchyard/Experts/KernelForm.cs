using Switchyard.Experts.Caching;
using Switchyard.Kernels;

namespace Switchyard.Experts;

/// <summary>What the kernels know of experts beside their tensors.</summary>
/// <param name="Options">Sizes.</param>
/// <param name="Stored">The matrices where they are no tensors; else null.</param>
/// <param name="Arithmetic">What the products of the forward multiply.</param>
internal sealed record KernelForm(ExpertOptions Options, StoredExperts? Stored, Arithmetic Arithmetic)
{
    /// <summary>All experts where they lie.</summary>
    public ExpertPortion Whole => new(0, Options.Experts, Stored?.GateUp, Stored?.Down);

    /// <summary>All experts in order, as many at once as are in memory together.</summary>
    /// <param name="rows">Rows of each expert, [E].</param>
    public IEnumerable<ExpertPortion> Portions(IReadOnlyList<int> rows) => Stored?.Portions(rows) ?? [Whole];
}
