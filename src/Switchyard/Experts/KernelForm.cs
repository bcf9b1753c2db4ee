using Switchyard.Kernels;
using Switchyard.Kernels.Storage;

namespace Switchyard.Experts;

/// <summary>What the kernels know of experts beside their tensors.</summary>
/// <param name="Options">Sizes.</param>
/// <param name="GateUp">Stored first matrices, or null.</param>
/// <param name="Down">Stored second matrices, or null.</param>
/// <param name="Arithmetic">What the products of the forward multiply.</param>
internal sealed record KernelForm(ExpertOptions Options, IReadOnlyList<StoredMatrix>? GateUp, IReadOnlyList<StoredMatrix>? Down, Arithmetic Arithmetic);
