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

    /// <summary>Loss on running text by windows: each token is judged once, with the tokens before it in its window as context.</summary>
    /// <param name="model">The model; it is in inference during the call and as before after it.</param>
    /// <param name="corpus">The text, its documents joined.</param>
    /// <param name="context">Tokens of a window.</param>
    /// <param name="stride">Tokens from one window to the next.</param>
    /// <param name="maxTokens">The most tokens to judge.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="ConfigurationException">The text has fewer than two tokens.</exception>
    public static Evaluation Windows(MoeTransformer model, ICorpus corpus, int context, int stride, long maxTokens, CancellationToken cancellation = default)
    {
        bool wasTraining = model.training;
        model.eval();
        double sum = 0;
        long judged = 0;
        try
        {
            using var quiet = no_grad();
            foreach ((long[] window, int fresh) in TokenWindows.Of(corpus, context, stride))
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                (Tensor inputs, Tensor targets) = BatchTensors.Of(new TokenBatch(window, [-1], window.Length - 1), model.Options.VocabularySize);
                int take = (int)Math.Min(fresh, maxTokens - judged);
                long begin = window.Length - 1 - fresh;
                Tensor logits = model.Run(inputs).Logits[0].slice(0, begin, begin + take, 1);
                sum += nn.functional.cross_entropy(logits, targets[0].slice(0, begin, begin + take, 1), reduction: nn.Reduction.Sum).item<float>();
                judged += take;
                if (judged >= maxTokens)
                {
                    break;
                }
            }
        }
        finally
        {
            model.train(wasTraining);
        }

        return judged > 0
            ? new Evaluation(sum / judged, judged, null)
            : throw new ConfigurationException($"'{corpus.Path}': there is nothing to judge; a text needs two tokens or more");
    }
}
