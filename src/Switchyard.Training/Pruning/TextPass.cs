using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Profiles;

namespace Switchyard.Training.Pruning;

/// <summary>One pass of a model over text in windows that do not overlap, in inference: loss and load. Several make one progress.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="options">Context and limit.</param>
/// <param name="passes">Passes there will be.</param>
/// <param name="number">Number of this one, from 0.</param>
/// <param name="read">Tokens of the passes before.</param>
internal sealed class TextPass(MoeTransformer model, TextTokenizer tokenizer, TextOptions options, int passes, int number, long read)
{
    /// <summary>Tokens read.</summary>
    public long Tokens { get; private set; }

    /// <summary>Tokens judged.</summary>
    public long Targets { get; private set; }

    /// <summary>Runs.</summary>
    /// <param name="text">The text.</param>
    /// <param name="observer">Sees the routing as well; null for nobody.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Stops between MoE layers.</param>
    public PruneFigures Run(ICorpus text, IRoutingObserver? observer, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        model.eval();
        TokenMasking? masking = TokenMasking.Of(model, tokenizer, options.Seed);
        TextWindows windows = new(text, tokenizer, options, model.Options.VocabularySize, masking);
        LoadRecorder load = new(LoadRecorderOptions.LoadOnly);
        IRoutingObserver? all = CombinedObserver.Of(load, observer);
        double sum = 0;
        foreach (WindowBatch batch in WindowBatch.Join(windows.Read(cancellation), model.Options.VocabularySize))
        {
            WindowLoss[] losses = TextRun.Run(model, batch, all, masking, cancellation);
            sum += losses.Sum(l => l.Sum);
            Targets += losses.Sum(l => (long)l.Targets);
            Tokens = windows.Tokens;
            progress?.Report(new ProfileProgress(read + Tokens, options.MaxTokens > long.MaxValue / passes ? long.MaxValue : read + ((passes - number) * options.MaxTokens)));
        }

        return PruneFigures.Of(model, sum / TextEvaluation.RequireTargets(Targets, text), load.Statistics());
    }
}
