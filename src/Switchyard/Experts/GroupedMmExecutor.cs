using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Rows sorted by expert, then torch's own grouped product (<c>aten::_grouped_mm</c>), forward and backward. Dropless, without padding.</summary>
/// <param name="options">Time or memory.</param>
public sealed class GroupedMmExecutor(ExecutorOptions options) : ExpertExecutor
{
    private const int Alignment = 16;

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">Torch's grouped product does not take the type of the tokens (it takes Float32, BFloat16 and Float16), or a row of d or f elements is no multiple of 16 bytes.</exception>
    protected override Tensor Compute(DispatchedTokens tokens, ExpertWeights experts)
    {
        if (Objection(tokens.X.dtype, experts.Options) is { } objection)
        {
            throw new ConfigurationException(objection);
        }

        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        return ExpertFunction.Run(tokens.X, tokens.Weights, ExpertTensors.Of(experts, tokens.X.dtype), new RaggedLayout(tokens.Plan), options.Activations).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override bool Accepts(DispatchedTokens tokens, ExpertWeights experts) => Objection(tokens.X.dtype, experts.Options) is null;

    /// <summary>Why torch's grouped product does not take the type or the sizes; null if it does.</summary>
    private static string? Objection(ScalarType type, ExpertOptions sizes)
    {
        int step = type switch
        {
            ScalarType.Float32 => Alignment / sizeof(float),
            ScalarType.BFloat16 or ScalarType.Float16 => Alignment / sizeof(short),
            _ => 0,
        };
        return step == 0
            ? $"executor 'grouped-mm' computes in Float32, BFloat16 or Float16, and the tokens are {type}; executors 'padded' and 'sequential' take any floating type"
            : sizes.HiddenSize % step != 0 || sizes.InnerSize % step != 0
            ? $"executor 'grouped-mm' needs hidden and inner sizes that are multiples of {step} in {type}, and they are {sizes.HiddenSize} and {sizes.InnerSize}; executors 'padded' and 'sequential' take any size"
            : null;
    }
}
