using Switchyard.Dispatch;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>Rows sorted by expert, then torch's own grouped product (<c>aten::_grouped_mm</c>), forward and backward. Dropless, without padding.</summary>
public sealed class GroupedMmExecutor : ExpertExecutor
{
    private const int Alignment = 16;

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">Torch's grouped product does not take the type of the tokens (it takes Float32, BFloat16 and Float16), or a row of d or f elements is no multiple of 16 bytes.</exception>
    public override Tensor Run(DispatchedTokens tokens, ExpertWeights experts)
    {
        Check(tokens.X.dtype, experts.Options);
        if (tokens.Plan.Rows == 0)
        {
            return NoRows.Run(tokens, experts);
        }

        using var scope = NewDisposeScope();
        return ExpertFunction.Run(tokens.X, tokens.Weights, ExpertTensors.Of(experts, tokens.X.dtype), new RaggedLayout(tokens.Plan)).MoveToOuterDisposeScope();
    }

    private static void Check(ScalarType type, ExpertOptions options)
    {
        int size = type switch
        {
            ScalarType.Float32 => sizeof(float),
            ScalarType.BFloat16 or ScalarType.Float16 => sizeof(short),
            _ => throw new ConfigurationException($"executor 'grouped-mm' computes in Float32, BFloat16 or Float16, and the tokens are {type}; executors 'padded' and 'sequential' take any floating type"),
        };
        int step = Alignment / size;
        if (options.HiddenSize % step != 0 || options.InnerSize % step != 0)
        {
            throw new ConfigurationException($"executor 'grouped-mm' needs hidden and inner sizes that are multiples of {step} in {type}, and they are {options.HiddenSize} and {options.InnerSize}; executors 'padded' and 'sequential' take any size");
        }
    }
}
