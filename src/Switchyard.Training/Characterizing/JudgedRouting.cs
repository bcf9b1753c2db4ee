using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;

namespace Switchyard.Training.Characterizing;

/// <summary>What a model did with the text that all rows are judged by: loss, load and scores, as <c>profile</c> counts them.</summary>
/// <param name="Loss">Mean of −ln p over the targets, nats.</param>
/// <param name="Targets">Targets scored.</param>
/// <param name="Text">The text.</param>
/// <param name="Layers">The MoE layers.</param>
/// <param name="Sparsity">Of their scores.</param>
internal sealed record JudgedRouting(double Loss, long Targets, ProfileText Text, IReadOnlyList<ProfileLayer> Layers, IReadOnlyList<ScoreSparsity> Sparsity)
{
    /// <summary>Reads the text once, in inference; the model is as before after it.</summary>
    public static JudgedRouting Of(MoeTransformer model, TextTokenizer tokenizer, ICorpus text, CharacterizeConfig config, CancellationToken cancellation)
    {
        TextOptions options = TextOptions.For(model.Options.LongestSequence, config.JudgeContext, null, config.MaxTokens ?? long.MaxValue) with { Seed = config.Reroute.Seed };
        TokenMasking? masking = TokenMasking.Of(model, tokenizer, options.Seed);
        bool wasTraining = model.training;
        model.eval();
        try
        {
            TextWindows windows = new(text, tokenizer, options, model.Options.VocabularySize, masking);
            LoadRecorder load = new(new LoadRecorderOptions { CoActivation = false });
            SparsityRecorder sparsity = new();
            CombinedObserver both = new(load, sparsity);
            FreshTokens fresh = new();
            double sum = 0;
            long targets = 0;
            foreach (WindowBatch batch in WindowBatch.Join(windows.Read(cancellation), model.Options.VocabularySize))
            {
                fresh.Begin(batch, (_, observation) => both.Observe(observation));
                WindowLoss[] losses = TextRun.Run(model, batch, fresh, masking, cancellation);
                sum += losses.Sum(l => l.Sum);
                targets += losses.Sum(l => (long)l.Targets);
            }

            return new JudgedRouting(
                sum / TextEvaluation.RequireTargets(targets, text),
                targets,
                new ProfileText(text.Name, text.Path, windows.Documents.Sum(), windows.Tokens, options.Context, options.Stride, [.. windows.Domains]),
                [.. load.Statistics().Select(l => ProfileFigures.Layer(l, fresh.DropRate(l.Layer), null))],
                sparsity.Layers());
        }
        finally
        {
            model.train(wasTraining);
        }
    }
}
