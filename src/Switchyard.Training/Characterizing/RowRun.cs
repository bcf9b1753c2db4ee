using System.Diagnostics;
using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;

namespace Switchyard.Training.Characterizing;

/// <summary>Makes one row: replaces the routers, judges the model as they were made, where training begins and at the end, and times them. What was judged before training lies in the run folder, so that an interrupted row goes on.</summary>
internal sealed class RowRun(RowRecipe recipe, CharacterizeConfig config, TextTokenizer tokenizer, ICorpus judge, RunFolder folder)
{
    private Losses _before = new(double.NaN, double.NaN);
    private CharacterizeRow? _row;
    private JudgedRouting? _judged;

    public StoredRow Run(MachineInfo machine, IProgress<TrainingProgress> progress, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        progress = new NamedProgress(progress, recipe.Name);
        RerouteRun run = new(recipe.Config, folder) { Watch = (stage, model) => Watch(stage, model, progress, cancellation), WritesModel = config.KeepModels };
        RerouteResult result = run.Run(machine, string.Empty, resume: true, progress: progress, cancellation: cancellation);
        Losses before = JsonSerializer.Deserialize<Losses>(File.ReadAllBytes(BeforePath), ConfigFile.Json)!;
        CharacterizeRow row = RouterFigures.Trained(_row!, result, before.Untrained, before.AtStart);
        return new StoredRow(row with { Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds }, _judged!.Text, _judged.Targets);
    }

    private string BeforePath => Path.Combine(folder.Path, "before.json");

    private void Watch(RerouteStage stage, ReroutedModel model, IProgress<TrainingProgress> progress, CancellationToken cancellation)
    {
        progress.Report(new TrainingProgress(recipe.Name, 0, 0, double.NaN, 0, "judging"));
        switch (stage)
        {
            case RerouteStage.Made when recipe.Config.Start == RouterStart.Fresh:
                break;
            case RerouteStage.Made:
                _before = _before with { Untrained = Judge(model, cancellation).Loss };
                break;
            case RerouteStage.Started:
                double loss = Judge(model, cancellation).Loss;
                _before = new Losses(recipe.Config.Start == RouterStart.Fresh ? loss : _before.Untrained, loss);
                AtomicFile.Write(BeforePath, stream => JsonSerializer.Serialize(stream, _before, ConfigFile.Json));
                break;
            default:
                _judged = Judge(model, cancellation);
                model.Model.eval();
                LayerRouting routing = model.New(0);
                _row = RouterFigures.Row(recipe.Name, routing, model.Model.RouterParameters, _judged, RoutingLatency.Measure(routing, model.Old(0).Options, config.LatencyTokens, cancellation));
                break;
        }
    }

    private JudgedRouting Judge(ReroutedModel model, CancellationToken cancellation) => JudgedRouting.Of(model.Model, tokenizer, judge, config, cancellation);

    /// <summary>Calls the row by its own name, whatever the run of routers calls it.</summary>
    private sealed class NamedProgress(IProgress<TrainingProgress> progress, string name) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => progress.Report(value with { Row = name });
    }

    /// <summary>Losses before training.</summary>
    private sealed record Losses(double Untrained, double AtStart);
}
