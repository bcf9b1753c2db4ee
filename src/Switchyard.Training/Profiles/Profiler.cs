using System.Diagnostics;
using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Results;

namespace Switchyard.Training.Profiles;

/// <summary>Measures how a model uses its experts on text: every metric of <see cref="MetricCatalog"/> and of the order of choices, by layer and by domain, in memory that does not grow with the text.</summary>
/// <remarks>
/// Each document is read by itself in windows [b, b + context) at multiples of the stride. A window scores the targets that no window before it scored, never its own first token;
/// load and every other metric count a token once, in the first window that holds it. A window's fresh tokens are a batch of the per-batch figures.
/// </remarks>
public static class Profiler
{
    /// <summary>Profiles a model.</summary>
    /// <param name="model">The model; it is in inference during the call and as before after it.</param>
    /// <param name="request">Text, windows and what to keep.</param>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="trace">Takes every choice; null for none. It is not ended here.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Stops between MoE layers, and between layers while the figures are made.</param>
    /// <exception cref="ConfigurationException">There is no target, the model has no experts, or the tokenizer does not belong to it.</exception>
    /// <exception cref="CorpusException">A file is missing, unreadable or not in its format.</exception>
    public static ProfileResult Run(MoeTransformer model, ProfileRequest request, MachineInfo machine, TraceWriter? trace = null, IProgress<ProfileProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (model.MoeLayers.Count == 0)
        {
            throw new ConfigurationException($"'{request.ModelPath}': no layer of the model has experts; there is no routing to profile");
        }

        TokenMasking? masking = TokenMasking.Of(model, request.Tokenizer, request.Text.Seed);
        long started = Stopwatch.GetTimestamp();
        bool wasTraining = model.training;
        model.eval();
        try
        {
            TextWindows windows = new(request.Corpus, request.Tokenizer, request.Text, model.Options.VocabularySize, masking);
            ProfileRecorder recorder = new(request.OrderTokens);
            FreshTokens fresh = new();
            foreach (WindowBatch batch in WindowBatch.Join(windows.Read(cancellation), model.Options.VocabularySize))
            {
                fresh.Begin(batch, (window, observation) =>
                {
                    recorder.Observe(window, observation);
                    trace?.Observe(window, observation);
                });
                WindowLoss[] losses = TextRun.Run(model, batch, fresh, masking, cancellation);
                for (int b = 0; b < losses.Length; b++)
                {
                    recorder.Score(batch.Windows[b], losses[b]);
                }

                trace?.EndBatch(batch);
                progress?.Report(new ProfileProgress(windows.Tokens, request.Text.MaxTokens));
            }

            return Result(model, request, machine, windows, recorder, fresh, started, cancellation);
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    private static ProfileResult Result(MoeTransformer model, ProfileRequest request, MachineInfo machine, TextWindows windows, ProfileRecorder recorder, FreshTokens fresh, long started, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        long targets = TextEvaluation.RequireTargets(recorder.Domains.Sum(d => d.Targets), request.Corpus);
        double loss = recorder.Domains.Sum(d => d.LossSum) / targets;
        IReadOnlyList<LayerStatistics> statistics = recorder.Layers();
        RoutingTrace order = recorder.Order();
        OrderResult whole = ProfileFigures.Order(order);
        ProfileLayer[] layers = [.. Steps(statistics).Select((l, i) => ProfileFigures.Layer(l, fresh.DropRate(l.Layer), ProfileFigures.Order(order.Layer(i))))];
        CoActivationResult[] sharing = [.. Steps(statistics).Select(ProfileFigures.CoActivation)];
        cancellation.ThrowIfCancellationRequested();
        return new ProfileResult
        {
            Created = DateTimeOffset.UtcNow,
            Machine = machine,
            Command = request.Command,
            Model = Describe(model, request.ModelPath, request.Tokenizer),
            Text = new ProfileText(request.Corpus.Name, request.Corpus.Path, windows.Documents.Sum(), windows.Tokens, request.Text.Context, request.Text.Stride, [.. windows.Domains]),
            Loss = loss,
            Perplexity = Math.Exp(loss),
            Targets = targets,
            Figures = ProfileFigures.Catalog(statistics),
            Layers = layers,
            Domains = [.. recorder.Domains.Select((d, i) => ProfileFigures.Domain(windows.Domains[i], windows.Documents[i], d, fresh.DropRate))],
            CoActivation = sharing,
            OrderTokens = whole.Tokens,
            Locality = whole.Locality,
            WorkingSet = whole.WorkingSet,
            Coverage = whole.Coverage,
            CacheCurve = whole.CacheCurve,
            Diagnosis = ProfileDiagnosis.Of(layers, sharing, whole, Describe(model, request.ModelPath, request.Tokenizer)),
            ExpertCache = model.ExpertCache?.Statistics,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        };

        IEnumerable<LayerStatistics> Steps(IReadOnlyList<LayerStatistics> all)
        {
            foreach (LayerStatistics layer in all)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return layer;
            }
        }
    }

    /// <summary>A model with experts in a result.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    internal static ProfileModel Describe(MoeTransformer model, string folder, TextTokenizer tokenizer)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        MoeLayerOptions layer = model.MoeLayers[0].Options;
        return new ProfileModel(
            NameOf(path),
            path,
            tokenizer is ByteTokenizer ? "UTF-8 bytes" : "tokenizer.json",
            model.Options.VocabularySize,
            model.Options.HiddenSize,
            model.Options.Layers,
            model.MoeLayers.Count,
            layer.Experts,
            layer.TopK,
            layer.InnerSize,
            model.TotalParameters,
            model.ActiveParameters);
    }

    /// <summary>The folder's name; that of the run for the model which a run leaves in its folder <c>model</c>.</summary>
    private static string NameOf(string path) =>
        Path.GetFileName(path) is not "model" and { } name ? name : Path.GetFileName(Path.GetDirectoryName(path)) is { Length: > 0 } run ? run : "model";
}
