using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Profiles;

/// <summary>Loss of a model on text with its own tokenizer: windows [b, b + context) at multiples of the stride, each document by itself; a window scores the targets that no window before it scored, never its own first token. An encoder is scored by masked tokens instead (<see cref="TokenMasking"/>), each window with what its tokenizer puts around a text.</summary>
public static class TextEvaluation
{
    /// <summary>Mean of −ln p over the scored targets.</summary>
    /// <param name="model">The model; it is in inference during the call and as before after it.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="corpus">The text.</param>
    /// <param name="options">Context, stride and limit.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Stops between MoE layers.</param>
    /// <exception cref="ConfigurationException">There is no target, the model is an encoder without a head or a mask, or the tokenizer does not belong to it.</exception>
    /// <exception cref="CorpusException">A file is missing, unreadable or not in its format.</exception>
    public static Evaluation Run(MoeTransformer model, TextTokenizer tokenizer, ICorpus corpus, TextOptions options, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        TokenMasking? masking = TokenMasking.Of(model, tokenizer, options.Seed);
        bool wasTraining = model.training;
        model.eval();
        try
        {
            TextWindows windows = new(corpus, tokenizer, options, model.Options.VocabularySize, masking);
            double sum = 0;
            long targets = 0;
            long? bytes = 0;
            foreach (WindowBatch batch in WindowBatch.Join(windows.Read(cancellation), model.Options.VocabularySize))
            {
                WindowLoss[] losses = TextRun.Run(model, batch, null, masking, cancellation);
                sum += losses.Sum(l => l.Sum);
                targets += losses.Sum(l => (long)l.Targets);
                bytes += masking is null ? Bytes(batch, tokenizer) : null;
                progress?.Report(new ProfileProgress(windows.Tokens, options.MaxTokens));
            }

            return new Evaluation(sum / RequireTargets(targets, corpus), targets, null) { Bytes = bytes };
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    internal static long RequireTargets(long targets, ICorpus corpus) => targets > 0
        ? targets
        : throw new ConfigurationException($"'{corpus.Path}': there is nothing to judge; a text needs two tokens or more");

    /// <summary>Bytes of the targets that are scored; null where a token does not tell.</summary>
    private static long? Bytes(WindowBatch batch, TextTokenizer tokenizer)
    {
        long bytes = 0;
        foreach (int token in batch.Windows.SelectMany(w => w.Tokens.Skip(w.FirstTarget)))
        {
            if (tokenizer.BytesOf(token) is not int length)
            {
                return null;
            }

            bytes += length;
        }

        return bytes;
    }
}
