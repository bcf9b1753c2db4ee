using System.Diagnostics;
using Switchyard.Models;
using Switchyard.Routing;
using Switchyard.Training.Benchmarks;
using static TorchSharp.torch;

namespace Switchyard.Training.Runs;

/// <summary>Times router, selector and plan of one layer in inference.</summary>
public static class RouterCost
{
    private const int Tokens = 2048;
    private const int Repetitions = 15;

    /// <summary>Median time for one token of one layer, in microseconds, over batches of 2,048 tokens.</summary>
    public static double MicrosecondsPerToken(MoeTransformer model)
    {
        MoeLayer layer = model.MoeLayers[0];
        bool wasTraining = layer.training;
        layer.eval();
        using var outer = NewDisposeScope();
        using var quiet = no_grad();
        Tensor x = randn(Tokens, layer.Options.HiddenSize, generator: new Generator(1));
        RoutingContext context = new() { TokenIds = randint(0, model.Options.VocabularySize, [Tokens], ScalarType.Int64, generator: new Generator(1)), SequenceLength = Tokens };
        double[] times = new double[Repetitions];
        for (int i = -3; i < Repetitions; i++)
        {
            using var scope = NewDisposeScope();
            long start = Stopwatch.GetTimestamp();
            RoutingPass.Run(layer, x, context);
            if (i >= 0)
            {
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Tokens;
            }
        }

        layer.train(wasTraining);
        Array.Sort(times);
        return times[Repetitions / 2];
    }
}
