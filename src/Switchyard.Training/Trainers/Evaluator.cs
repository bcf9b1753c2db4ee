using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Corpora;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>Measures a model on held-out text.</summary>
public static class Evaluator
{
    /// <summary>Held-out loss and, where asked for, routing.</summary>
    /// <param name="model">The model; it is in inference during the call and as before after it.</param>
    /// <param name="batches">Held-out batches.</param>
    /// <param name="recorder">Records the routing; null for the loss alone.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ConfigurationException">There is no batch.</exception>
    public static Evaluation Run(MoeTransformer model, IEnumerable<TokenBatch> batches, LoadRecorder? recorder = null, CancellationToken cancellation = default)
    {
        bool wasTraining = model.training;
        model.eval();
        double sum = 0;
        long tokens = 0;
        try
        {
            using var quiet = no_grad();
            foreach (TokenBatch batch in batches)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                (Tensor inputs, Tensor targets) = BatchTensors.Of(batch, model.Options.VocabularySize);
                recorder?.CurrentDomains = batch.Domains;
                Tensor logits = model.Run(inputs, recorder).Logits;
                sum += nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction: nn.Reduction.Sum).item<float>();
                tokens += targets.numel();
            }
        }
        finally
        {
            model.train(wasTraining);
        }

        return tokens > 0
            ? new Evaluation(sum / tokens, tokens, recorder)
            : throw new ConfigurationException("there is no held-out sequence to evaluate on: the text is too short for the sequence length");
    }
}
