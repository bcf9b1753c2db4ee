using System.Diagnostics;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Training.Pruning;

/// <summary>Takes experts out of a checkpoint: scores them on text, writes the smaller checkpoint, and judges both.</summary>
public static class PruneRun
{
    /// <summary>Scores, writes and judges. Whether the request can be met is found out before the text is read.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="progress">Told after each batch of text.</param>
    /// <param name="cancellation">Stops between windows and tensors; what is written by then is whole.</param>
    /// <exception cref="ConfigurationException">The model cannot do with so many experts, the output is there already or cannot be written, a text is too short, or the tokenizer does not belong to the model.</exception>
    /// <exception cref="Models.Files.CheckpointFormatException">The checkpoint is damaged.</exception>
    /// <exception cref="CorpusException">A text is missing, unreadable or not in its format.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static PruneResult Run(PruneRequest request, MachineInfo machine, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        RunFolder.RequireNew(request.Output);
        long started = Stopwatch.GetTimestamp();
        ICorpus judge = request.Judge ?? request.Text;
        int passes = request.Judge is null ? 2 : 3;
        using TextTokenizer tokenizer = TextTokenizer.Load(request.Model);
        (PruneFigures before, IReadOnlyList<PrunedLayer> layers, int experts, long tokens, long read) = Score(request, tokenizer, passes, progress, cancellation);
        (long bytesBefore, long bytesAfter) = CheckpointPruner.Write(request.Model, request.Output, [.. layers.Select(ExpertMerging.Shares)], cancellation);
        using MoeTransformer pruned = MoeTransformer.Load(request.Output, request.Load);
        TextPass pass = new(pruned, tokenizer, Windows(request, pruned), passes, passes - 1, read);
        PruneFigures after = pass.Run(judge, null, progress, cancellation);
        return new PruneResult
        {
            Machine = machine,
            Command = request.Command,
            Model = Path.GetFullPath(request.Model),
            Output = Path.GetFullPath(request.Output),
            By = request.By,
            Merged = request.Merge,
            Experts = experts,
            Kept = request.Keep,
            Text = request.Text.Path,
            Tokens = tokens,
            JudgeText = judge.Path,
            JudgedTokens = pass.Targets,
            Before = before with { ExpertBytes = bytesBefore },
            After = after with { ExpertBytes = bytesAfter },
            Layers = layers,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        };
    }

    /// <summary>Scores the original's experts, and judges it: on the way where the text is the same.</summary>
    private static (PruneFigures Before, IReadOnlyList<PrunedLayer> Layers, int Experts, long Tokens, long Read) Score(PruneRequest request, TextTokenizer tokenizer, int passes, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        using MoeTransformer model = MoeTransformer.Load(request.Model, request.Load);
        CheckpointPruner.Check(model, request.Keep);
        _ = TokenMasking.Of(model, tokenizer, 0);
        if (request.Merge)
        {
            CheckpointPruner.CheckMerge(model);
        }

        TextOptions windows = Windows(request, model);
        ExpertScores scores = new(model, request.By);
        TextPass scoring = new(model, tokenizer, windows, passes, 0, 0);
        PruneFigures before = scoring.Run(request.Text, scores, progress, cancellation);
        long read = scoring.Tokens;
        if (request.Judge is not null)
        {
            TextPass judging = new(model, tokenizer, windows, passes, 1, read);
            before = judging.Run(request.Judge, null, progress, cancellation);
            read += judging.Tokens;
        }

        return (before, scores.Choose(request.Keep, request.Merge), model.Options.Experts, scoring.Tokens, read);
    }

    private static TextOptions Windows(PruneRequest request, MoeTransformer model) => TextOptions.For(model.Options.LongestSequence, request.Context, null, request.MaxTokens);
}
