using static TorchSharp.torch;

namespace Switchyard.Selection;

/// <summary>Turns scores S [T, E] into an assignment. It knows nothing of how the scores were made. Gradients flow through the weights only; the choice is constant.</summary>
/// <remarks>A choice has four parts, each of which a selector may define: <see cref="Prepare"/> the scores, see what the choice looks at (<see cref="Preference"/>), <see cref="Choose"/>, and <see cref="Weigh"/> what was chosen.</remarks>
public abstract class Selector : nn.Module
{
    /// <summary>Keeps the name for the state dict and the options.</summary>
    /// <exception cref="ConfigurationException">The sizes do not fit together.</exception>
    protected Selector(string name, SelectorOptions options)
        : base(name)
    {
        options.Validate();
        Options = options;
    }

    /// <summary>The sizes and settings the selector was made with.</summary>
    public SelectorOptions Options { get; }

    /// <summary>Prepares the scores, then chooses and weighs the experts of each token.</summary>
    /// <param name="scores">Scores S [T, E].</param>
    /// <param name="x">Hidden states [T, d], for selectors with learned noise.</param>
    /// <param name="choiceBias">Given the preference [T, E], what a balancer adds to it before the choice, [E], or null. It never enters the weights.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all. Where tokens are weighed against each other, padding takes no part and gets no expert.</param>
    public virtual Assignment Select(Tensor scores, Tensor x, Func<Tensor, Tensor?>? choiceBias = null, Tensor? tokenMask = null) => Assign(Prepare(scores, x), choiceBias, tokenMask);

    /// <summary>Chooses and weighs the experts of each token.</summary>
    /// <param name="preparedScores">What <see cref="Prepare"/> returned, [T, E].</param>
    /// <param name="choiceBias">Given the preference [T, E], what a balancer adds to it before the choice, [E], or null. It never enters the weights.</param>
    /// <param name="tokenMask">Which tokens are real, [T] bool; null for all.</param>
    public Assignment Assign(Tensor preparedScores, Func<Tensor, Tensor?>? choiceBias = null, Tensor? tokenMask = null)
    {
        Tensor experts = ChooseBiased(preparedScores, choiceBias, tokenMask);
        return new Assignment(experts, Weigh(preparedScores, experts)) { PreparedScores = preparedScores };
    }

    /// <summary>The scores that are chosen from and weighed, [T, E]: S itself, or S with learned noise.</summary>
    public virtual Tensor Prepare(Tensor scores, Tensor x) => scores;

    /// <summary>What the choice compares, [T, E], without gradient: the scores, or their sigmoid.</summary>
    public virtual Tensor Preference(Tensor preparedScores) => preparedScores;

    /// <summary>Whether, as the module is now, the choice of a token depends on the others of the batch.</summary>
    protected virtual bool ComparesTokens => false;

    /// <summary>Experts [T, k'] int64 chosen by preference (bias included), the strongest first, −1 for an empty slot; ties go to the lower expert index.</summary>
    public abstract Tensor Choose(Tensor preference);

    /// <summary>Combine weights [T, k'] of chosen experts, differentiable with respect to the scores; 0 where the expert is −1.</summary>
    /// <param name="preparedScores">What <see cref="Prepare"/> returned, [T, E].</param>
    /// <param name="experts">Experts [T, k'], −1 for an empty slot.</param>
    public abstract Tensor Weigh(Tensor preparedScores, Tensor experts);

    private Tensor ChooseBiased(Tensor preparedScores, Func<Tensor, Tensor?>? choiceBias, Tensor? tokenMask)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor preference = Preference(preparedScores.detach());
        Tensor? bias = choiceBias?.Invoke(preference);
        Tensor biased = bias is null ? preference : preference + bias;
        return (tokenMask is null || !ComparesTokens ? Choose(biased) : ChooseAmong(biased, tokenMask)).MoveToOuterDisposeScope();
    }

    /// <summary>The choice among the real tokens; −1 for padding.</summary>
    private Tensor ChooseAmong(Tensor preference, Tensor tokenMask)
    {
        Tensor real = tokenMask.nonzero().squeeze(1);
        if (real.size(0) == 0)
        {
            return full([preference.size(0), Options.TopK], Held(-1), ScalarType.Int64, preference.device);
        }

        Tensor chosen = Choose(preference.index_select(0, real));
        return full([preference.size(0), chosen.size(1)], Held(-1), ScalarType.Int64, preference.device).index_copy_(0, real, chosen);
    }
}
