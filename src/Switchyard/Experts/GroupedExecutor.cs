using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>
/// Dropless and ragged, by kernels of our own over one queue of all experts' tiles: the gather is part of the packing, the activation follows the first product, weights and scatter the last.
/// No row is padded and X is never permuted in memory. The same bits at any thread count.
/// </summary>
/// <remarks>
/// For weights in fp32 on the CPU; tokens of another floating type are widened and the result is narrowed. Elsewhere, and for other weights, the work is that of <c>grouped-mm</c>.
/// The kernels run on a thread team of their own, of as many threads as torch was told to use. It sleeps between calls, and so must libtorch's OpenMP threads:
/// set <c>OMP_WAIT_POLICY=passive</c> before the process starts where both share few cores (the command line does).
/// </remarks>
public sealed class GroupedExecutor : ExpertExecutor
{
    private readonly GroupedMmExecutor _otherwise = new();

    /// <inheritdoc/>
    public override Tensor Run(DispatchedTokens tokens, ExpertWeights experts)
    {
        if (tokens.X.device_type != TorchSharp.DeviceType.CPU || experts.GateUp.dtype != ScalarType.Float32 || tokens.X.dtype == ScalarType.Float64)
        {
            return _otherwise.Run(tokens, experts);
        }

        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        Tensor y = GroupedFunction.Run(
            tokens.X.to(ScalarType.Float32).contiguous(),
            tokens.Weights.to(ScalarType.Float32).contiguous(),
            ExpertTensors.Of(experts, ScalarType.Float32),
            tokens.Plan);
        return y.to(tokens.X.dtype).MoveToOuterDisposeScope();
    }
}
