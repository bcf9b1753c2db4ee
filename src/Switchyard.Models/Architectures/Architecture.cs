using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>One kind of model of Hugging Face's (<c>model_type</c>): how its <c>config.json</c> becomes options, and how its tensors are named. All are computed by the same blocks.</summary>
public abstract class Architecture : ICatalogEntry
{
    /// <summary>Why copies of tied weights are left out.</summary>
    private protected const string TiedCopies = "copies of tied weights";

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string Summary { get; }

    /// <summary>The options that a <c>config.json</c> describes. A key that decides what is computed and is missing is an error that names it.</summary>
    /// <param name="config">The file.</param>
    /// <param name="tensors">Names of the tensors that the checkpoint has, for the few parts of a model that no key mentions.</param>
    internal abstract MoeTransformerOptions Options(ConfigReader config, IReadOnlySet<string> tensors);

    /// <summary>Whether its models have no experts, unless they were given some.</summary>
    public bool IsDense => UpcycledAs is not null;

    /// <summary>Of a dense architecture, the one whose keys and names its models have once they were given experts; null for one that has experts.</summary>
    internal virtual string? UpcycledAs => null;

    /// <summary>How the tensors are named.</summary>
    internal virtual TensorNames Names(ConfigReader config) => TensorNames.Plain;

    /// <summary>The key of <c>config.json</c> for the number of routed experts E.</summary>
    internal virtual string ExpertsKey => "num_experts";

    /// <summary>The key of <c>config.json</c> for the inner size f of an expert.</summary>
    internal virtual string InnerSizeKey => "moe_intermediate_size";

    /// <summary>Why a tensor of the checkpoint is left out, as a phrase; null for one that belongs to the model.</summary>
    internal virtual string? LeftOut(string tensor, MoeTransformerOptions options) =>
        tensor.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) ? "angles that are computed"
        : tensor is "lm_head.weight" && options is { TiedHead: true, Encoder: null } ? TiedCopies
        : null;
}
