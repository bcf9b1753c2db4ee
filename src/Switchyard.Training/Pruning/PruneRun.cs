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

/// <summary>Takes experts out of a checkpoint: scores them on text or by a profile, writes the smaller checkpoint, and judges both.</summary>
public static class PruneRun
{
    /// <summary>Scores, writes and judges. Whether the request can be met is found out before the text is read.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="progress">Told after each batch of text.</param>
    /// <param name="cancellation">Stops between windows and tensors; what is written by then is whole.</param>
    /// <exception cref="ConfigurationException">The model cannot do with so many experts, the output is there already or cannot be written, a text is too short, the tokenizer does not belong to the model, or the profile is of another one.</exception>
    /// <exception cref="ResultFormatException">The profile is none, or is damaged.</exception>
    /// <exception cref="Models.Files.CheckpointFormatException">The checkpoint is damaged.</exception>
    /// <exception cref="CorpusException">A text is missing, unreadable or not in its format.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static PruneResult Run(PruneRequest request, MachineInfo machine, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        RunFolder.RequireNew(request.Output);
        long started = Stopwatch.GetTimestamp();
        ICorpus judge = RequireScores(request);
        int passes = request.Judge is null || request.Text is null ? 2 : 3;
        using TextTokenizer tokenizer = TextTokenizer.Load(request.Model);
        (PruneFigures before, IReadOnlyList<PrunedLayer> layers, int experts, string text, long tokens, long read) = Score(request, tokenizer, passes, progress, cancellation);
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
            Profile = request.Profile is { } profile ? Path.GetFullPath(profile) : null,
            Text = text,
            Tokens = tokens,
            JudgeText = judge.Path,
            JudgedTokens = pass.Targets,
            Before = before with { ExpertBytes = bytesBefore },
            After = after with { ExpertBytes = bytesAfter },
            Layers = layers,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        };
    }

    /// <summary>The text that both models are judged on. Refuses a request that does not say in one way what experts are scored by.</summary>
    private static ICorpus RequireScores(PruneRequest request)
    {
        if (request.Text is null == request.Profile is null)
        {
            throw new ConfigurationException("experts are scored by a text or by a profile: name one of them");
        }

        if (request.Profile is not null && request.By == PruneCriterion.Reap)
        {
            throw new ConfigurationException($"'{request.Profile}': a profile does not hold what experts put out, which --by reap needs; choose by frequency or weight, or score a text");
        }

        return request.Judge ?? request.Text ?? throw new ConfigurationException("with a profile in place of a text, name the text that both models are judged on");
    }

    /// <summary>Scores the original's experts, and judges it: on the way where the text is the same.</summary>
    private static (PruneFigures Before, IReadOnlyList<PrunedLayer> Layers, int Experts, string Text, long Tokens, long Read) Score(PruneRequest request, TextTokenizer tokenizer, int passes, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
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
        TextPass first = new(model, tokenizer, windows, passes, 0, 0);
        if (request.Profile is { } file)
        {
            ProfileResult profile = StoredProfile.Read(file, model);
            scores.Take(profile);
            PruneFigures judged = first.Run(request.Judge!, null, progress, cancellation);
            return (judged, scores.Choose(request.Keep, request.Merge), model.Options.Experts, profile.Text.Path, profile.Text.Tokens, first.Tokens);
        }

        PruneFigures before = first.Run(request.Text!, scores, progress, cancellation);
        long read = first.Tokens;
        if (request.Judge is not null)
        {
            TextPass judging = new(model, tokenizer, windows, passes, 1, read);
            before = judging.Run(request.Judge, null, progress, cancellation);
            read += judging.Tokens;
        }

        return (before, scores.Choose(request.Keep, request.Merge), model.Options.Experts, request.Text!.Path, first.Tokens, read);
    }

    private static TextOptions Windows(PruneRequest request, MoeTransformer model) => TextOptions.For(model.Options.LongestSequence, request.Context, null, request.MaxTokens);
}
