using Switchyard.Kernels.Storage;

namespace Switchyard.Experts.Caching;

/// <summary>The matrices of an expert in memory.</summary>
/// <param name="GateUp">First matrix, [2f, d] or [f, d].</param>
/// <param name="Down">Second matrix, [d, f].</param>
/// <param name="BytesRead">Bytes that were read for them.</param>
public sealed record LoadedExpert(StoredMatrix GateUp, StoredMatrix Down, long BytesRead);
