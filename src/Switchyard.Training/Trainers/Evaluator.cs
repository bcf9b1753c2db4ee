using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Profiles;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>Measures a model on held-out text.</summary>
public static class Evaluator
{
    /// <summary>Held-out loss and, where asked for, routing.</summary>
    /// <param name="model">The model; it is in inference during the call and as before after it.</param>
    /// <param name="batches">Held-out batches.</param>
    /// <param name="recorder">Records the routing; null for the loss alone.</param>
    /// <param name="vocabulary">What the tokens are; null for bytes.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ConfigurationException">There is no batch.</exception>
    public static Evaluation Run(MoeTransformer model, IEnumerable<TokenBatch> batches, LoadRecorder? recorder = null, CorpusVocabulary? vocabulary = null, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        Evaluation evaluation = Judge(model, batches.Select(b => (b, 0)), long.MaxValue, recorder, vocabulary, progress, cancellation);
        return evaluation.Tokens > 0
            ? evaluation
            : throw new ConfigurationException("there is no held-out sequence to evaluate on: the text is too short for the sequence length");
    }

    /// <summary>Held-out loss of an encoder by masked tokens, and its routing.</summary>
    /// <param name="model">The model; it is in inference during the call and as before after it.</param>
    /// <param name="batches">Held-out batches.</param>
    /// <param name="masking">How tokens are masked.</param>
    /// <param name="recorder">Records the routing; null for the loss alone.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ConfigurationException">There is no batch.</exception>
    public static Evaluation Masked(MoeTransformer model, IEnumerable<TokenBatch> batches, TokenMasking masking, LoadRecorder? recorder = null, CancellationToken cancellation = default)
    {
        bool wasTraining = model.training;
        model.eval();
        double sum = 0;
        long tokens = 0;
        try
        {
            using var quiet = no_grad();
            foreach ((int number, TokenBatch batch) in batches.Index())
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                (Tensor inputs, Tensor targets) = BatchTensors.Of(batch, model.Options.VocabularySize, masking, number);
                recorder?.CurrentDomains = batch.Domains;
                long count = targets.ge(Held(0)).sum().item<long>();
                if (count > 0)
                {
                    sum += model.Loss(new TransformerInput(inputs), targets, recorder).Loss.item<float>() * (double)count;
                    tokens += count;
                }
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
    /// <param name="vocabulary">What the tokens are; null for bytes.</param>
    /// <param name="context">Tokens of a window.</param>
    /// <param name="stride">Tokens from one window to the next.</param>
    /// <param name="maxTokens">The most tokens to judge, shared out among the domains of text files.</param>
    /// <param name="progress">Told after each window.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="ConfigurationException">The text has fewer than two tokens.</exception>
    public static Evaluation Windows(MoeTransformer model, ICorpus corpus, CorpusVocabulary? vocabulary, int context, int stride, long maxTokens, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        IEnumerable<(TokenBatch Batch, int Begin)> windows = TokenWindows.Of(corpus, vocabulary, context, stride, maxTokens)
            .Select(w => (new TokenBatch(w.Window, [-1], w.Window.Length - 1), w.Window.Length - 1 - w.Fresh));
        Evaluation evaluation = Judge(model, windows, maxTokens, null, vocabulary, progress, cancellation);
        return evaluation.Tokens > 0
            ? evaluation
            : throw new ConfigurationException($"'{corpus.Path}': there is nothing to judge; a text needs two tokens or more");
    }

    /// <summary>Mean loss over the targets of each batch from position Begin of its sequences on, in inference; batches of several sequences are judged whole.</summary>
    private static Evaluation Judge(MoeTransformer model, IEnumerable<(TokenBatch Batch, int Begin)> batches, long maxTokens, LoadRecorder? recorder, CorpusVocabulary? vocabulary, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        bool wasTraining = model.training;
        model.eval();
        double sum = 0;
        long tokens = 0;
        long? bytes = 0;
        try
        {
            using var quiet = no_grad();
            foreach ((TokenBatch batch, int begin) in batches)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                (Tensor inputs, Tensor targets) = BatchTensors.Of(batch, model.Options.VocabularySize);
                recorder?.CurrentDomains = batch.Domains;
                long end = begin + Math.Min(batch.SequenceLength - begin, maxTokens - tokens);
                Tensor judged = full_like(targets, Held(-1));
                judged.slice(1, begin, end, 1).copy_(targets.slice(1, begin, end, 1));
                long count = targets.size(0) * (end - begin);
                sum += model.Loss(new TransformerInput(inputs), judged, recorder).Loss.item<float>() * (double)count;
                tokens += count;
                progress?.Report(new ProfileProgress(tokens, maxTokens));
                bytes += vocabulary is null ? count : vocabulary.KnowsBytes ? Bytes(batch, begin, (int)end, vocabulary) : null;
                if (tokens >= maxTokens)
                {
                    break;
                }
            }
        }
        finally
        {
            model.train(wasTraining);
        }

        return new Evaluation(sum / tokens, tokens, recorder) { Bytes = bytes };
    }

    /// <summary>Bytes of the targets [begin, end) of each sequence.</summary>
    private static long Bytes(TokenBatch batch, int begin, int end, CorpusVocabulary vocabulary)
    {
        long bytes = 0;
        int width = batch.SequenceLength + 1;
        for (int row = 0; row < batch.Rows; row++)
        {
            foreach (long token in batch.Tokens.AsSpan((row * width) + begin + 1, end - begin))
            {
                bytes += vocabulary.BytesOf(token);
            }
        }

        return bytes;
    }
}
