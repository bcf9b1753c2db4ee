using Switchyard.Dense;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>In training S + ε⊙softplus(X·W_noiseᵀ), ε ~ N(0, 1), then as <c>topk-softmax</c>; in inference S itself (Shazeer et al. 2017, section 2.1).</summary>
/// <remarks>W_noise [E, d] is the parameter <c>noise_weight</c>; it starts at 0, so that the noise starts with deviation ln 2.</remarks>
public sealed class NoisyTopKSelector : Selector
{
    /// <summary>Makes the selector with W_noise = 0.</summary>
    /// <exception cref="ConfigurationException">The hidden size is not given.</exception>
    public NoisyTopKSelector(SelectorOptions options)
        : base(nameof(NoisyTopKSelector), options)
    {
        if (options.HiddenSize < 1)
        {
            throw new ConfigurationException("noisy-topk learns its noise from hidden states: hiddenSize must be given");
        }

        register_parameter("noise_weight", new Parameter(zeros(options.Experts, options.HiddenSize)));
    }

    /// <summary>W_noise [E, d].</summary>
    public Parameter NoiseWeight => get_parameter("noise_weight") ?? throw new InvalidOperationException("no parameter 'noise_weight'");

    /// <summary>Draws ε of the shape and type of its argument; tests put known numbers here.</summary>
    internal Func<Tensor, Tensor> Normal { get; set; } = like => randn_like(like);

    /// <inheritdoc/>
    public override Assignment Select(Tensor scores, Tensor x, Func<Tensor, Tensor?>? choiceBias = null, Tensor? tokenMask = null)
    {
        NoisyScores? noise = training ? Perturb(scores, x) : null;
        return Assign(noise?.Noisy ?? scores, choiceBias, tokenMask) with { Noise = noise };
    }

    /// <inheritdoc/>
    public override Tensor Prepare(Tensor scores, Tensor x) => training ? Perturb(scores, x).Noisy : scores;

    /// <summary>Scores with fresh noise, and what it was made of.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="x">Hidden states [T, d].</param>
    public NoisyScores Perturb(Tensor scores, Tensor x)
    {
        Tensor logits = DenseOperations.Linear(x.to(scores.dtype), NoiseWeight.to(scores.dtype));
        return WithNoise(scores, logits, Normal(scores));
    }

    /// <inheritdoc/>
    public override Tensor Choose(Tensor preference) => TopK.Indices(preference, Options.TopK);

    /// <inheritdoc/>
    public override Tensor Weigh(Tensor preparedScores, Tensor experts) => ChosenWeights.SoftmaxOverChosen(preparedScores, experts);

    /// <summary>S + normal⊙softplus(noise logits), all [T, E].</summary>
    internal static NoisyScores WithNoise(Tensor scores, Tensor noiseLogits, Tensor normal)
    {
        Tensor deviation = nn.functional.softplus(noiseLogits);
        return new NoisyScores(scores, scores + (normal * deviation), deviation);
    }
}
