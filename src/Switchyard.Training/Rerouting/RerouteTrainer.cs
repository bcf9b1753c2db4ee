using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Optimization;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>Trains the new routers of a model step by step, everything else frozen: (1 − w)·cross-entropy + w·KL(original ‖ model) over the vocabulary, and the balancers' losses.</summary>
internal sealed class RerouteTrainer : IDisposable
{
    private const long LogitsAtOnce = 1 << 22;

    private readonly RerouteConfig _config;
    private readonly TokenStream _text;
    private readonly OptimizerSteps _steps;

    public RerouteTrainer(ReroutedModel model, RerouteConfig config, TokenStream text)
    {
        Rerouted = model;
        _config = config;
        _text = text;
        TrainingOptions training = config.Training;
        Optimizer = new AdamW(model.Parameters(), new AdamWOptions { Beta1 = training.Beta1, Beta2 = training.Beta2, WeightDecay = training.WeightDecay, ClipNorm = training.ClipNorm });
        _steps = new OptimizerSteps(Optimizer, training);
    }

    public ReroutedModel Rerouted { get; }

    public AdamW Optimizer { get; }

    /// <summary>Steps done, skipped ones included.</summary>
    public int StepsDone { get => _steps.Done; set => _steps.Done = value; }

    public int SkippedSteps { get => _steps.Skipped; set => _steps.Skipped = value; }

    public int SkippedInARow { get => _steps.SkippedInARow; set => _steps.SkippedInARow = value; }

    public int StepTokens => _config.Training.BatchSequences * _config.Training.AccumulationSteps * _config.Context;

    /// <summary>Does one step.</summary>
    /// <exception cref="DivergenceException">The third step in a row was not finite.</exception>
    public StepResult Step(IRoutingObserver? observer) =>
        _steps.Run((batch, share) => ForwardBackward(_text.Read(batch), batch, observer, share), Rerouted.Model);

    /// <summary>Lets the balancers settle on the text that would come next, with the weights as they are.</summary>
    public void Settle(CancellationToken cancellation) => Settling.Run(Rerouted.Model, _config.Training, StepsDone, number =>
    {
        cancellation.ThrowIfCancellationRequested();
        return Rerouted.Batch(_text.Read(number), number).Inputs;
    });

    /// <inheritdoc/>
    public void Dispose() => Optimizer.Dispose();

    private BatchResult ForwardBackward(TokenBatch batch, long number, IRoutingObserver? observer, double share)
    {
        using var scope = NewDisposeScope();
        MoeTransformer model = Rerouted.Model;
        (Tensor inputs, Tensor targets) = Rerouted.Batch(batch, number);
        Tensor? original = _config.TeacherWeight > 0 ? OldRouting.Of(Rerouted, inputs).Last : null;
        model.train();
        TransformerStates states = model.Encode(new TransformerInput(inputs), observer);
        Tensor last = states.Last;
        if (Rerouted.Masking is not null)
        {
            Tensor judged = targets.flatten().ge(Held(0)).nonzero().flatten();
            last = last.flatten(0, 1).index_select(0, judged);
            original = original?.flatten(0, 1).index_select(0, judged);
            targets = targets.flatten().index_select(0, judged);
        }

        (Tensor total, double loss) = original is null ? Plain(last, targets) : Distilled(last, original, targets);
        Tensor? balance = states.BalanceLoss;
        total = balance is null ? total : total + balance;
        if (total.requires_grad)
        {
            (total * Held(share)).backward();
        }

        return new BatchResult(loss, TermSums.Of(states.LossTerms), states.DroppedPairs);
    }

    private (Tensor Total, double Loss) Plain(Tensor last, Tensor targets)
    {
        Tensor loss = Rerouted.Model.LossOf(last, targets);
        return (loss, loss.item<float>());
    }

    /// <summary>The gradient with respect to the last hidden states, block by block of tokens, so that logits of all are never there at once; and a product whose gradient it is.</summary>
    private (Tensor Total, double Loss) Distilled(Tensor last, Tensor original, Tensor targets)
    {
        MoeTransformer model = Rerouted.Model;
        double weight = _config.TeacherWeight;
        Tensor hidden = last.detach().flatten(0, -2).requires_grad_(true), before = original.flatten(0, -2), wanted = targets.flatten();
        long tokens = hidden.size(0), rows = Math.Max(1, LogitsAtOnce / model.Options.VocabularySize);
        double loss = 0;
        for (long at = 0; at < tokens; at += rows)
        {
            using var block = NewDisposeScope();
            long take = Math.Min(rows, tokens - at);
            Tensor expected;
            using (no_grad())
            {
                expected = model.LogitsOf(before.narrow(0, at, take)).log_softmax(1);
            }

            Tensor predicted = model.LogitsOf(hidden.narrow(0, at, take)).log_softmax(1);
            Tensor entropy = nn.functional.nll_loss(predicted, wanted.narrow(0, at, take), reduction: nn.Reduction.Sum);
            Tensor divergence = (expected.exp() * (expected - predicted)).sum();
            if (predicted.requires_grad && last.requires_grad)
            {
                ((Held(1 - weight) * entropy / Held(tokens)) + (Held(weight) * divergence / Held(tokens))).backward();
            }

            loss += entropy.item<float>() / (double)tokens;
        }

        Tensor slope = hidden.grad ?? zeros_like(hidden);
        return ((last.flatten(0, -2) * slope.detach()).sum(), loss);
    }
}
