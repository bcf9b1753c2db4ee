using Switchyard.Routing;
using Switchyard.Selection;
using Switchyard.Training.Corpora;
using Switchyard.Training.Optimization;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>Fits new routers to the old ones on text, each layer by itself on the hidden states of the original model.</summary>
/// <remarks>
/// The loss of a layer is the mean over tokens of KL(p_old ‖ p_new) over the experts, p the softmax of the scores (where the selector takes their sigmoid, the sum of the divergences of E coins),
/// and of max(0, max_{e∉A} S_e − min_{e∈A} S_e), which is 0 where the new scores choose the old experts A.
/// A pass of the original model gives some optimizer steps, each on a part of its tokens.
/// </remarks>
internal static class RouterDistillation
{
    private const int Parts = 4;
    private const double LearningRate = 1e-2;

    /// <summary>Fits the routers; those that have nothing to learn stay as they are.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The training text.</param>
    /// <param name="steps">Batches of it.</param>
    /// <param name="progress">Told the batches done and the mean loss of a layer.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public static void Run(ReroutedModel model, TokenStream text, int steps, Action<int, double>? progress = null, CancellationToken cancellation = default)
    {
        using AdamW optimizer = new(model.Parameters(), new AdamWOptions { WeightDecay = 0, ClipNorm = 0, Beta2 = 0.99 });
        LearningRateSchedule schedule = new() { Kind = ScheduleKind.Cosine, Steps = steps * Parts, WarmupSteps = Parts };
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            (Tensor inputs, _) = model.Batch(text.Read(step), step);
            (OldRouting old, _) = OldRouting.Of(model, inputs);
            model.Model.train();
            Tensor order = randperm(inputs.numel());
            double loss = 0;
            int part = 0;
            foreach (Tensor rows in order.chunk(Parts))
            {
                using var inner = NewDisposeScope();
                Tensor total = model.Layers.Select((layer, i) => Loss(model.New(i), old[layer.Options.Layer], rows, inputs.flatten())).Aggregate((a, b) => a + b);
                if (!total.requires_grad)
                {
                    return;
                }

                double value = total.item<float>();
                if (!double.IsFinite(value))
                {
                    throw new DivergenceException($"fitting the routers to the old ones: the loss of batch {step + 1} is {value}; a weight of an old router is no number, or too large");
                }

                total.backward();
                optimizer.Step(LearningRate * schedule.Factor((step * Parts) + part++), 0);
                optimizer.ZeroGradients();
                loss += value / Parts;
            }

            progress?.Invoke(step + 1, loss / model.Layers.Count);
        }
    }

    private static Tensor Loss(LayerRouting routing, (Tensor Hidden, Tensor Scores, Tensor Experts) old, Tensor rows, Tensor tokens)
    {
        Tensor x = old.Hidden.index_select(0, rows), wanted = old.Scores.index_select(0, rows);
        Tensor chosen = RoutingAgreement.Chosen(old.Experts.index_select(0, rows), (int)wanted.size(1));
        RoutingContext context = new() { TokenIds = tokens.index_select(0, rows), SequenceLength = rows.size(0) };
        Tensor scores = routing.Selector.Prepare(routing.Router.Score(x, context).Scores, x);
        Tensor divergence = routing.Selector is SigmoidGroupSelector
            ? nn.functional.binary_cross_entropy_with_logits(scores, wanted.sigmoid(), reduction: nn.Reduction.None).sum(1).mean()
            : (wanted.softmax(1) * (wanted.log_softmax(1) - scores.log_softmax(1))).sum(1).mean();
        Tensor strangers = scores.masked_fill(chosen, Held(float.NegativeInfinity)).amax([1L]);
        Tensor least = scores.masked_fill(chosen.logical_not(), Held(float.PositiveInfinity)).amin([1L]);
        return divergence + (strangers - least).relu().mean();
    }
}
