using Microsoft.Extensions.Logging;
using Switchyard.Experts;
using Switchyard.Kernels;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>How a checkpoint is read.</summary>
public sealed record ModelLoadOptions
{
    /// <summary>Whether the matrices of experts and dense layers become fp32 parameters that can be trained. Unless they do, they stay where they are mapped, in the form in which they are stored, frozen, and cost memory as they are used; gradients flow through them to routers and hidden states.</summary>
    public bool Trainable { get; init; }

    /// <summary>
    /// The most bytes of memory for experts, 1 or more; null for no bound. The experts that tokens visit are read into a cache of this size with positional reads, and the least recently used leave first,
    /// frequent use weighing against it: <see cref="MoeTransformer.ExpertCache"/>. Outputs are the same bits. For inference alone; at least one expert must fit.
    /// </summary>
    public long? ExpertCacheBytes { get; init; }

    /// <summary>Type of the products, <see cref="MoeTransformer.ComputeType"/>: Float32 or BFloat16.</summary>
    public ScalarType ComputeType { get; init; } = ScalarType.Float32;

    /// <summary>What the products of experts multiply, <see cref="ExecutorOptions.Arithmetic"/>; null for what follows from <see cref="ComputeType"/>. Int8 takes experts that are stored as integers by groups of columns; shared experts that are not follow <see cref="ComputeType"/>.</summary>
    public Arithmetic? Arithmetic { get; init; }

    /// <summary>Told what was loaded, and how it is run; null for nobody.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>What the executors keep for gradients.</summary>
    public SavedActivations Activations { get; init; } = SavedActivations.Keep;

    /// <summary>
    /// Type that the frequencies of the rotary embedding are rounded to; Float64 for none, which is right. In PyTorch <c>model.to(torch.bfloat16)</c> casts the frequencies with the weights,
    /// and calling <c>.float()</c> afterwards does not bring them back: BFloat16 agrees with numbers that were made so. The error grows with the position.
    /// </summary>
    public ScalarType RotaryRounding { get; init; } = ScalarType.Float64;
}
