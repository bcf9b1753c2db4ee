using System.Diagnostics;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Characterizing;

/// <summary>Puts one router after the other into a checkpoint, trains each alike with everything else frozen, and gathers what each costs and does. A row that is done is kept in the folder; an interrupted characterisation goes on where it stopped, within a row as well.</summary>
/// <remarks>After Harvey, Weale and Yilmaz, arXiv 2506.16419, who characterised six routers in BERT and Qwen1.5-MoE.</remarks>
public sealed class Characterization
{
    private readonly CharacterizeConfig _config;
    private readonly RunFolder _folder;

    /// <summary>Prepares it.</summary>
    /// <param name="config">Model, texts, rows and budget.</param>
    /// <param name="folder">Where it is written.</param>
    /// <exception cref="ConfigurationException">Something is out of range.</exception>
    public Characterization(CharacterizeConfig config, RunFolder folder)
    {
        config.Validate();
        _config = config;
        _folder = folder;
    }

    /// <summary>Makes every row that is not done yet. Whether all can be made is found out first.</summary>
    /// <param name="machine">The machine, for the result.</param>
    /// <param name="command">The command that repeats it.</param>
    /// <param name="resume">Whether to go on in a folder that holds an earlier one.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Stops after the current step; what is done stays.</param>
    /// <exception cref="ConfigurationException">The model has no experts or cannot be given any, a row does not fit it, or the folder is taken.</exception>
    /// <exception cref="CorpusException">A text is missing, unreadable or too short.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public CharacterizeResult Run(MachineInfo machine, string command, bool resume = false, IProgress<ComparisonProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (!resume)
        {
            _folder.RequireUnused();
            _folder.RequireWritable();
        }

        ICorpus judge = Corpus.Open(_config.Judge);
        _ = Corpus.Open(_config.Reroute.Corpus);
        using UpcycledFolder checkpoint = UpcycledFolder.Of(_config, _folder.Path, judge, machine, cancellation);
        CharacterizeConfig config = _config with { Reroute = _config.Reroute with { Model = checkpoint.Path } };
        using TextTokenizer tokenizer = TextTokenizer.Load(checkpoint.Path);
        (ProfileModel model, bool masked, IReadOnlyList<RowRecipe> recipes, IReadOnlyList<LeftOutRouter> leftOut, StoredRow original) = Original(config, tokenizer, judge, progress, cancellation);
        List<StoredRow> rows = [original];
        List<DivergedRow> diverged = [];
        foreach ((int index, RowRecipe recipe) in recipes.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                rows.Add(Row(recipe, config, tokenizer, judge, machine, new RowProgress(progress, index, recipes.Count, config.Reroute.Seed), cancellation));
            }
            catch (DivergenceException e)
            {
                diverged.Add(new DivergedRow(recipe.Name, config.Reroute.Seed, e.Message));
            }
        }

        return new CharacterizeResult
        {
            Created = DateTimeOffset.UtcNow,
            Machine = machine,
            Command = command,
            Config = _config,
            Model = model,
            Masked = masked,
            Judged = original.Judged,
            Targets = original.Targets,
            DenseLoss = checkpoint.DenseLoss,
            Rows = [.. rows.Select(r => r.Row)],
            LeftOut = leftOut,
            Diverged = diverged,
        };
    }

    private string RowsPath => Path.Combine(_folder.Path, "rows");

    /// <summary>Finds out what can be put into the model, makes the folder, and judges the model as it is.</summary>
    private (ProfileModel Model, bool Masked, IReadOnlyList<RowRecipe> Rows, IReadOnlyList<LeftOutRouter> LeftOut, StoredRow Row) Original(CharacterizeConfig config, TextTokenizer tokenizer, ICorpus judge, IProgress<ComparisonProgress>? progress, CancellationToken cancellation)
    {
        using MoeTransformer model = MoeTransformer.Load(config.Reroute.Model);
        if (model.MoeLayers.Count == 0)
        {
            throw new ConfigurationException($"'{config.Reroute.Model}': no layer of the model has experts; give it some with --experts E --top-k k");
        }

        MoeLayer[] layers = [.. model.MoeLayers.Where(l => config.Reroute.Layers?.Contains(l.Options.Layer) is not false)];
        (IReadOnlyList<RowRecipe> rows, IReadOnlyList<LeftOutRouter> leftOut) = RowRecipe.Of(config, [.. layers.Select(l => l.Options)]);
        config.Reroute.RequireContext(model.Options.LongestSequence);
        TextOptions windows = TextOptions.For(model.Options.LongestSequence, config.JudgeContext, null, config.MaxTokens ?? long.MaxValue, "--judge-context");
        if (!File.Exists(_folder.ConfigPath))
        {
            RerouteRun.RequireText(config.Reroute, cancellation);
            TextJudge.RequireTargets(judge, tokenizer, windows, model, cancellation);
        }

        _folder.Create();
        _folder.WriteConfig(_config);
        Directory.CreateDirectory(RowsPath);
        string path = Path.Combine(RowsPath, CharacterizeRow.Original + ".json");
        StoredRow? row = StoredRow.Read(path);
        if (row is null)
        {
            progress?.Report(new ComparisonProgress(0, rows.Count, config.Reroute.Seed, new TrainingProgress(CharacterizeRow.Original, 0, 0, double.NaN, 0, "judging")));
            long started = Stopwatch.GetTimestamp();
            JudgedRouting judged = JudgedRouting.Of(model, tokenizer, judge, config, cancellation);
            model.eval();
            LayerRouting routing = layers[0].Routing;
            CharacterizeRow made = RouterFigures.Row(CharacterizeRow.Original, routing, model.RouterParameters, judged, RoutingLatency.Measure(routing, layers[0].Options, config.LatencyTokens, cancellation));
            row = new StoredRow(made with { Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds }, judged.Text, judged.Targets);
            row.Write(path);
        }

        return (Profiler.Describe(model, _config.Reroute.Model, tokenizer), model.Options.Encoder is not null, rows, leftOut, row);
    }

    private StoredRow Row(RowRecipe recipe, CharacterizeConfig config, TextTokenizer tokenizer, ICorpus judge, MachineInfo machine, RowProgress progress, CancellationToken cancellation)
    {
        string name = recipe.Name.Replace(':', '_'), path = Path.Combine(RowsPath, name + ".json");
        RunFolder folder = new(Path.Combine(RowsPath, name));
        StoredRow? row = StoredRow.Read(path);
        if (row is null)
        {
            row = new RowRun(recipe, config, tokenizer, judge, folder).Run(machine, progress, cancellation);
            row.Write(path);
        }

        if (!config.KeepModels && Directory.Exists(folder.Path))
        {
            Directory.Delete(folder.Path, recursive: true);
        }

        return row;
    }
}
