using Switchyard.Kernels;

namespace Switchyard.Peers.Models;

/// <summary>How a worker runs.</summary>
/// <param name="Threads">Threads.</param>
/// <param name="Context">Most tokens.</param>
/// <param name="Vocabulary">Tokens are drawn below it.</param>
/// <param name="Compute">Type of Switchyard's products: <c>bf16</c> or <c>fp32</c>.</param>
/// <param name="AllLogits">Whether the prompt's logits are wanted of every token, not of the last alone.</param>
/// <param name="Arithmetic">What the products of Switchyard's experts multiply; null for what follows from <paramref name="Compute"/>.</param>
internal sealed record WorkerOptions(int Threads, int Context, int Vocabulary, string Compute, bool AllLogits, Arithmetic? Arithmetic);
