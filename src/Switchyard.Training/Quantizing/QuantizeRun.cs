using System.Diagnostics;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Quantizing;

/// <summary>Makes the experts of a checkpoint integers: rounds them, to the nearest or by a calibration, and judges both models.</summary>
public static class QuantizeRun
{
    /// <summary>Writes and judges.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="progress">Told after each layer of the calibration and each batch of text that is judged.</param>
    /// <param name="cancellation">Stops between layers, tensors and batches; what is written by then is whole.</param>
    /// <exception cref="ConfigurationException">The output is there already or cannot be written, a text is too short, or the tokenizer does not belong to the model.</exception>
    /// <exception cref="Models.Files.CheckpointFormatException">The checkpoint is damaged, quantized already, or has no experts that can be rounded.</exception>
    /// <exception cref="CorpusException">A text is missing, unreadable or not in its format.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static QuantizeResult Run(QuantizeRequest request, MachineInfo machine, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        RunFolder.RequireNew(request.Output);
        CheckpointQuantizer.Check(request.Model, request.Bits);
        long started = Stopwatch.GetTimestamp();
        Evaluation? first = Judge(request, request.Model, progress, cancellation);
        (long before, long after, Calibration? calibration) = Write(request, progress, cancellation);
        Evaluation? second = Judge(request, request.Output, progress, cancellation);
        return new QuantizeResult
        {
            Machine = machine,
            Command = request.Command,
            Model = Path.GetFullPath(request.Model),
            Output = Path.GetFullPath(request.Output),
            Bits = request.Bits,
            Group = request.Group,
            CalibrationText = request.Calibration?.Path,
            CalibrationTokens = calibration?.Tokens ?? 0,
            Layers = calibration?.Layers ?? [],
            ExpertBytesBefore = before,
            ExpertBytesAfter = after,
            JudgeText = request.Judge?.Path,
            Tokens = first?.Tokens,
            LossBefore = first?.Loss,
            LossAfter = second?.Loss,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        };
    }

    private static (long Before, long After, Calibration? Calibration) Write(QuantizeRequest request, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        if (request.Calibration is not { } text)
        {
            (long plainBefore, long plainAfter) = CheckpointQuantizer.Write(request.Model, request.Output, request.Bits, request.Group, cancellation);
            return (plainBefore, plainAfter, null);
        }

        using TextTokenizer tokenizer = TextTokenizer.Load(request.Model);
        using MoeTransformer model = MoeTransformer.Load(request.Model, request.Load);
        TextOptions windows = TextOptions.For(model.Options.LongestSequence, request.Context, null, request.CalibrationTokens);
        using Calibration calibration = new(model, request, new TextWindows(text, tokenizer, windows, model.Options.VocabularySize), progress, cancellation);
        (long before, long after) = CheckpointQuantizer.Write(model, request.Output, request.Bits, request.Group, calibration.Round, cancellation);
        return (before, after, calibration);
    }

    private static Evaluation? Judge(QuantizeRequest request, string folder, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        if (request.Judge is null)
        {
            return null;
        }

        using TextTokenizer tokenizer = TextTokenizer.Load(folder);
        using MoeTransformer model = MoeTransformer.Load(folder, request.Load);
        return TextEvaluation.Run(model, tokenizer, request.Judge, TextOptions.For(model.Options.LongestSequence, request.Context, request.Stride, request.MaxTokens), progress, cancellation);
    }
}
