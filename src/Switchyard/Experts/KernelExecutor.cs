using Switchyard.Dispatch;
using Switchyard.Kernels;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>
/// Executors that are a list of tiles for the kernels of our own: 32 rows of one expert and as many features as the caches like are a tile, the tiles of all experts stand in one queue,
/// and executors differ in one number, the rows that are computed for an expert (<see cref="RowsOf"/>). Rows beyond those of the plan are zeros; they exist in no memory but that of the tiles.
/// </summary>
/// <remarks>
/// The gather is part of the packing of a tile, the activation follows the first product, weights and scatter the last; X is never permuted in memory. The same bits at any thread count.
/// For weights on the CPU that are fp32, or frozen and of any storage type, which are read where they lie; tokens of another floating type are widened and the result is narrowed.
/// Elsewhere, and for trained weights of another type, <see cref="Elsewhere"/> does the work, and where that takes neither the type nor the sizes, a batched product.
/// The kernels run on a thread team of their own, of as many threads as torch was told to use, at most the processors that the process may use. It sleeps between calls, and so must libtorch's OpenMP threads:
/// set <c>OMP_WAIT_POLICY=passive</c> before the process starts where both share few cores (the command line does).
/// </remarks>
public abstract class KernelExecutor : ExpertExecutor
{
    /// <summary>Rows of a tile.</summary>
    protected const int TileRows = 32;

    private readonly ExecutorOptions _options;
    private readonly BatchedExecutor _anywhere;

    /// <summary>For derived executors.</summary>
    /// <param name="options">Time or memory.</param>
    /// <param name="elsewhere">Does the work where the kernels cannot.</param>
    protected KernelExecutor(ExecutorOptions options, ExpertExecutor elsewhere)
    {
        _options = options;
        _anywhere = new BatchedExecutor(options, most => most);
        Elsewhere = elsewhere;
    }

    /// <summary>Does the work where the kernels cannot.</summary>
    protected ExpertExecutor Elsewhere { get; }

    /// <summary>Rows that are computed for an expert, at least <paramref name="count"/>.</summary>
    /// <param name="count">Rows of the plan for this expert.</param>
    /// <param name="largest">Rows of the plan for the expert that has most.</param>
    protected abstract int RowsOf(int count, int largest);

    /// <inheritdoc/>
    public sealed override bool Accepts(DispatchedTokens tokens, ExpertWeights experts) => OnKernels(tokens, experts) || Other(tokens, experts).Accepts(tokens, experts);

    /// <inheritdoc/>
    public sealed override long ComputedRows(DispatchedTokens tokens, ExpertWeights experts) =>
        OnKernels(tokens, experts) ? RowsOfExperts(tokens.Plan).Sum(n => (long)n) : Other(tokens, experts).ComputedRows(tokens, experts);

    /// <inheritdoc/>
    protected sealed override Tensor Compute(DispatchedTokens tokens, ExpertWeights experts)
    {
        if (!OnKernels(tokens, experts))
        {
            return Other(tokens, experts).Run(tokens, experts);
        }

        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        Tensor y = KernelFunction.Run(
            tokens.X.to(ScalarType.Float32).contiguous(),
            tokens.Weights.to(ScalarType.Float32).contiguous(),
            KernelExperts.Of(experts, ArithmeticOf(_options.Arithmetic, tokens.X.dtype)),
            new KernelRows(tokens.Plan, RowsOfExperts(tokens.Plan)),
            _options.Activations);
        return y.to(tokens.X.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Outputs [.., d] of one stored expert that every token visits.</summary>
    internal static Tensor Run(Tensor input, StoredExperts one, Arithmetic? asked)
    {
        using var scope = NewDisposeScope();
        Tensor x = input.reshape(-1, input.size(-1));
        int count = checked((int)x.size(0));
        Tensor rows = arange(Held(count), ScalarType.Int64);
        KernelForm form = new(one.Options, one, ArithmeticOf(asked is { } wanted && one.Takes(wanted) ? wanted : null, input.dtype));
        Tensor y = KernelFunction.Run(
            x.to(ScalarType.Float32).contiguous(),
            ones(count, 1),
            new KernelExperts(null, null, null, null, form),
            new KernelRows(rows, rows, [0, count], [count]),
            SavedActivations.Recompute);
        return y.reshape(input.shape).to(input.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The least multiple of <see cref="TileRows"/> that is not less than <paramref name="rows"/>.</summary>
    protected static int WholeTiles(int rows) => (rows + TileRows - 1) / TileRows * TileRows;

    /// <summary>Who does the work where the kernels cannot: <see cref="Elsewhere"/>, or where that objects, what takes any size and floating-point type.</summary>
    private ExpertExecutor Other(DispatchedTokens tokens, ExpertWeights experts) => Elsewhere.Accepts(tokens, experts) ? Elsewhere : _anywhere;

    private int[] RowsOfExperts(DispatchPlan plan)
    {
        int largest = plan.Counts.Max();
        return [.. plan.Counts.Select(count => RowsOf(count, largest))];
    }

    private static bool OnKernels(DispatchedTokens tokens, ExpertWeights experts) =>
        tokens.X.device_type == TorchSharp.DeviceType.CPU && KernelExperts.Take(experts) && tokens.X.dtype != ScalarType.Float64;

    private static Arithmetic ArithmeticOf(Arithmetic? asked, ScalarType tokens) =>
        asked is not { } arithmetic ? KernelEngines.DefaultArithmetic(tokens)
        : arithmetic == Arithmetic.Fp32 || KernelEngines.Current.IsAssembled(arithmetic) ? arithmetic
        : throw new ConfigurationException($"arithmetic is {arithmetic.ToString().ToLowerInvariant()}, for which this processor has no instruction that may be used; choose fp32");
}
