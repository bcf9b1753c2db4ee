using System.Collections.Concurrent;
using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>The executor that a table of measurements names for the device, the storage, the sizes and the load at hand, call by call.</summary>
/// <remarks>Executors add in different orders: where the choice changes from one load to another, so do the last bits of a result. The same call always has the same choice.</remarks>
/// <param name="options">Time or memory, for whichever is chosen.</param>
/// <param name="table">The measurements; <see cref="ExecutorTable.Default"/> unless said otherwise.</param>
public sealed class AutoExecutor(ExecutorOptions options, ExecutorTable? table = null) : ExpertExecutor
{
    private readonly ConcurrentDictionary<string, ExpertExecutor> _executors = new(StringComparer.Ordinal);

    /// <summary>Name of the executor for a call.</summary>
    /// <param name="tokens">What would be run on.</param>
    /// <param name="experts">The experts' weights.</param>
    public string Choose(DispatchedTokens tokens, ExpertWeights experts) => tokens.Plan.Rows == 0
        ? Executors.Default
        : (table ?? ExecutorTable.Default).Choose(ExecutorSituation.Of(tokens, experts), name => Get(name).Accepts(tokens, experts));

    /// <inheritdoc/>
    public override bool Accepts(DispatchedTokens tokens, ExpertWeights experts) => Chosen(tokens, experts).Accepts(tokens, experts);

    /// <inheritdoc/>
    public override long ComputedRows(DispatchedTokens tokens, ExpertWeights experts) => Chosen(tokens, experts).ComputedRows(tokens, experts);

    /// <inheritdoc/>
    protected override Tensor Compute(DispatchedTokens tokens, ExpertWeights experts) => Chosen(tokens, experts).Run(tokens, experts);

    private ExpertExecutor Chosen(DispatchedTokens tokens, ExpertWeights experts) => Get(Choose(tokens, experts));

    private ExpertExecutor Get(string name) => _executors.GetOrAdd(name, n => Executors.All.Get(n).Create(options));
}
