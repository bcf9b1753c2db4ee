using System.Diagnostics;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Upcycling;

/// <summary>Gives experts to a dense checkpoint, and judges both where there is a text.</summary>
public static class UpcycleRun
{
    /// <summary>Judges the original, writes, and judges the new checkpoint. Whether the request can be met is found out first.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="progress">Told after each batch of text.</param>
    /// <param name="cancellation">Stops between windows and tensors; what is written by then is whole.</param>
    /// <exception cref="ConfigurationException">The model cannot be given these experts, the output is there already or cannot be written, a text is too short, or the tokenizer does not belong to the model.</exception>
    /// <exception cref="Models.Files.CheckpointFormatException">The checkpoint is damaged.</exception>
    /// <exception cref="CorpusException">The text is missing, unreadable or not in its format.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static UpcycleResult Run(UpcycleRequest request, MachineInfo machine, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        RunFolder.RequireNew(request.Output);
        long started = Stopwatch.GetTimestamp();
        UpcycleOptions options = request.Options;
        Evaluation? before = Original(request, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        CheckpointUpcycler.Write(request.Model, request.Output, options, cancellation);
        CheckpointDescription written = CheckpointDescription.Of(request.Output);
        return new UpcycleResult
        {
            Machine = machine,
            Command = request.Command,
            Model = Path.GetFullPath(request.Model),
            Output = Path.GetFullPath(request.Output),
            By = options.By,
            Experts = options.Experts,
            TopK = options.TopK,
            InnerSize = written.Moe!.InnerSize,
            Noise = options.Noise,
            Routing = options.Routing.Name,
            Seed = options.Seed,
            Layers = written.Moe.MoeLayers,
            JudgeText = request.Judge?.Path,
            JudgedTokens = before?.Tokens ?? 0,
            Before = UpcycleFigures.Of(CheckpointDescription.Of(request.Model), before),
            After = UpcycleFigures.Of(written, Judge(request, progress, cancellation)),
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        };
    }

    /// <summary>Checks the request, and judges the original where there is a text.</summary>
    private static Evaluation? Original(UpcycleRequest request, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        using MoeTransformer model = MoeTransformer.Load(request.Model, request.Load with { ExpertCacheBytes = null });
        CheckpointUpcycler.Check(model, request.Options);
        return Judge(request, model, progress, cancellation);
    }

    private static Evaluation? Judge(UpcycleRequest request, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        if (request.Judge is null)
        {
            return null;
        }

        using MoeTransformer model = MoeTransformer.Load(request.Output, request.Load);
        return Judge(request, model, progress, cancellation);
    }

    private static Evaluation? Judge(UpcycleRequest request, MoeTransformer model, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        if (request.Judge is null)
        {
            return null;
        }

        using TextTokenizer tokenizer = TextTokenizer.Load(request.Model);
        TextOptions windows = TextOptions.For(model.Options.LongestSequence, request.Context, null, request.MaxTokens);
        return TextEvaluation.Run(model, tokenizer, request.Judge, windows, progress, cancellation);
    }
}
