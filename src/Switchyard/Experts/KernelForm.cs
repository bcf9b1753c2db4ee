using Switchyard.Kernels;

namespace Switchyard.Experts;

/// <summary>What the kernels know of experts beside their tensors.</summary>
/// <param name="Options">Sizes.</param>
/// <param name="Stored">The matrices where they are no tensors; else null.</param>
/// <param name="Arithmetic">What the products of the forward multiply.</param>
internal sealed record KernelForm(ExpertOptions Options, StoredExperts? Stored, Arithmetic Arithmetic);
