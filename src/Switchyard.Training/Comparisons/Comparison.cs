using System.Text.Json;
using Microsoft.Extensions.Logging;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Comparisons;

/// <summary>Trains rows of routers and balancers on the same batches from the same initial weights, and gathers their figures. A row that is done is kept in the folder; an interrupted comparison goes on where it stopped.</summary>
public sealed class Comparison
{
    private readonly RunConfig _config;
    private readonly PackedCorpus _corpus;
    private readonly RunFolder _folder;
    private readonly ILogger? _logger;
    private readonly IReadOnlyList<RoutingRecipe> _rows;
    private readonly IReadOnlyList<long> _seeds;

    /// <summary>Prepares a comparison.</summary>
    /// <param name="config">Sizes, training options, rows and seeds.</param>
    /// <param name="corpus">The text.</param>
    /// <param name="folder">Where it is written.</param>
    /// <param name="logger">Told of each row as by a <see cref="TrainingRun"/>; null for nobody.</param>
    /// <exception cref="ConfigurationException">A row cannot be made, or two rows are the same.</exception>
    public Comparison(RunConfig config, PackedCorpus corpus, RunFolder folder, ILogger? logger = null)
    {
        config.Validate();
        _logger = logger;
        _config = config;
        _corpus = corpus;
        _folder = folder;
        _rows = [.. config.Rows.Select(RoutingRecipe.Parse)];
        _seeds = [.. Enumerable.Range(0, config.Seeds).Select(i => config.Seed + i)];
        string? twice = _rows.GroupBy(r => r.Name).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new ConfigurationException($"row '{twice}' stands twice");
        }
    }

    /// <summary>Trains every row that is not done yet.</summary>
    /// <param name="machine">What is said of the machine.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Stops after the current step; what is done stays.</param>
    /// <exception cref="DivergenceException">Every row diverged.</exception>
    /// <exception cref="ConfigurationException">The folder holds a row of another configuration.</exception>
    /// <exception cref="ResultFormatException">The figures of a row that is done are damaged.</exception>
    public CompareResult Run(MachineInfo machine, IProgress<ComparisonProgress>? progress = null, CancellationToken cancellation = default)
    {
        _folder.Create();
        _corpus.Vocabulary?.CopyTo(_folder.Path);
        _folder.WriteConfig(_config);
        List<CompareRow> rows = [];
        List<DivergedRow> diverged = [];
        int index = 0;
        foreach (RoutingRecipe row in _rows)
        {
            List<CompareRow> runs = [];
            foreach (long seed in _seeds)
            {
                RowProgress rowProgress = new(progress, index++, _rows.Count * _seeds.Count, seed);
                try
                {
                    runs.Add(RunRow(row, seed, rowProgress, cancellation));
                }
                catch (DivergenceException e)
                {
                    diverged.Add(new DivergedRow(row.Name, seed, e.Message));
                }
            }

            if (runs.Count > 0)
            {
                rows.Add(SeedSummary.Of(runs));
            }
        }

        return rows.Count > 0
            ? Result(_config, rows, _seeds, _corpus, machine) with { Diverged = diverged }
            : throw new DivergenceException(string.Join("; ", diverged.Select(d => $"{d.Name}: {d.Reason}")));
    }

    /// <summary>The result of rows that were trained with one configuration.</summary>
    public static CompareResult Result(RunConfig config, IReadOnlyList<CompareRow> rows, IReadOnlyList<long> seeds, PackedCorpus corpus, MachineInfo machine) => new()
    {
        Created = DateTimeOffset.UtcNow,
        Machine = machine,
        Preset = config.Name,
        Corpus = corpus.Info,
        Command = config.Command ?? string.Empty,
        Model = new ModelInfo(
            config.Model.HiddenSize,
            config.Model.Layers,
            config.Model.Experts,
            config.Model.TopK,
            config.Model.InnerSize,
            config.Model.SequenceLength,
            config.Training.BatchSequences * config.Training.AccumulationSteps * config.Model.SequenceLength,
            config.Training.Steps,
            seeds),
        Rows = rows,
    };

    private CompareRow RunRow(RoutingRecipe row, long seed, IProgress<TrainingProgress> progress, CancellationToken cancellation)
    {
        RunFolder folder = new(Path.Combine(_folder.Path, "rows", _seeds.Count == 1 ? FileName(row) : $"{FileName(row)}-seed-{seed}"));
        string done = Path.Combine(folder.Path, "row.json");
        TrainingRun run = new(_config with { Seed = seed, Seeds = 1, Verb = RunConfig.TrainVerb }, row, _corpus, folder, _logger);
        if (File.Exists(done))
        {
            run.RequireSameRun();
            return Read(done);
        }

        CompareRow result = run.Run(resume: true, progress, cancellation);
        AtomicFile.Write(done, stream => JsonSerializer.Serialize(stream, result, ResultLine.Json));
        return result;
    }

    private static CompareRow Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<CompareRow>(File.ReadAllText(path), ResultLine.Json) ?? throw new ResultFormatException($"'{path}' holds null, not the figures of a row; remove it to train the row again");
        }
        catch (JsonException e)
        {
            throw new ResultFormatException($"'{path}' is damaged: {e.Message}; remove it to train the row again", e);
        }
    }

    private static string FileName(RoutingRecipe row) => row.Name.Replace(':', '_');
}
