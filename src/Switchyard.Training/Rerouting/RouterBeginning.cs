using System.Diagnostics;
using Switchyard.Routing;
using Switchyard.Training.Corpora;
using Switchyard.Training.Runs;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>Where new routers and their balancers begin.</summary>
internal static class RouterBeginning
{
    private const int StartBatches = 4;

    /// <summary>Routers get weights: the old ones', fitted ones, or those that they were made with.</summary>
    public static void Routers(ReroutedModel model, RerouteConfig config, PackedCorpus corpus, TokenStream text, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        if (model.Model.WantsTokenFrequencies)
        {
            model.Model.SetTokenFrequencies(corpus.TrainFrequencies(model.Model.Options.VocabularySize));
        }

        random.manual_seed(config.Seed);
        switch (config.Start)
        {
            case RouterStart.Copy:
                model.Copy();
                break;
            case RouterStart.Distill:
                Stopwatch clock = Stopwatch.StartNew();
                RouterDistillation.Run(
                    model,
                    text,
                    config.DistillSteps,
                    (done, loss) => progress?.Report(new TrainingProgress(model.RoutingName, done, config.DistillSteps, loss, done * (double)text.BatchSize * text.SequenceLength / clock.Elapsed.TotalSeconds, "fitting")),
                    cancellation);
                break;
        }
    }

    /// <summary>Balancers start from the prices of the new routers' scores on some text, so that training need not find them first.</summary>
    /// <remarks>Those that were copied with their routers have them.</remarks>
    public static void Balancers(ReroutedModel model, RerouteConfig config, TokenStream text)
    {
        if (config.Start == RouterStart.Copy && model.CopiesBalance)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        List<Tensor>[] preferences = [.. model.Layers.Select(_ => new List<Tensor>())];
        for (int step = 0; step < StartBatches; step++)
        {
            (Tensor inputs, _) = model.Batch(text.Read(step), step);
            (OldRouting old, _) = OldRouting.Of(model, inputs);
            RoutingContext context = new() { TokenIds = inputs.flatten(), SequenceLength = text.SequenceLength };
            for (int i = 0; i < model.Layers.Count; i++)
            {
                Tensor x = old[model.Layers[i].Options.Layer].Hidden;
                LayerRouting routing = model.New(i);
                preferences[i].Add(routing.Selector.Preference(routing.Selector.Prepare(routing.Router.Score(x, context).Scores, x)));
            }
        }

        for (int i = 0; i < model.Layers.Count; i++)
        {
            model.New(i).Balancer.Start(cat(preferences[i]));
        }
    }
}
