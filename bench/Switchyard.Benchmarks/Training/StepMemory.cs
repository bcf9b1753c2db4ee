using System.Globalization;
using Switchyard.Models;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Training;

/// <summary>The most memory that a step of training takes, beside weights, gradients, optimizer state and what a forward pass leaves for its backward. On Linux; the allocator must give freed blocks back at once: <c>MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536</c>.</summary>
internal static class StepMemory
{
    private const int Steps = 3;
    private const double Megabyte = 1e6;

    /// <summary>Prints a line a preset and row, each named in a list separated by commas.</summary>
    public static void Run(string presets, string rows)
    {
        foreach (string preset in presets.Split(','))
        {
            using PackedCorpus corpus = Preset.Get(preset).OpenCorpus();
            foreach (string row in rows.Split(','))
            {
                // What torch and the runtime need at first is not the step's.
                using (Trainer small = Make("quick", row, corpus))
                {
                    Train(small);
                }

                Measure(preset, row, corpus);
            }
        }
    }

    private static void Measure(string preset, string row, PackedCorpus corpus)
    {
        long start = Resident();
        using Trainer trainer = Make(preset, row, corpus);
        Train(trainer);
        long state = Resident() - start, activations = Activations(trainer) - start - state;
        File.WriteAllText("/proc/self/clear_refs", "5");
        Train(trainer);
        long peak = Status("VmHWM") - start;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{preset} {row}: {trainer.Model.TotalParameters / Megabyte:f1} M parameters, state {state / Megabyte:f0} MB, activations {activations / Megabyte:f0} MB, peak {peak / Megabyte:f0} MB, {(double)peak / (state + activations):f2} of both"));
    }

    /// <summary>Resident memory with the graph of a forward pass.</summary>
    private static long Activations(Trainer trainer)
    {
        using var scope = NewDisposeScope();
        trainer.Model.train();
        Tensor inputs = randint(0, trainer.Config.Model.VocabularySize, [trainer.Config.Training.BatchSequences, trainer.Config.Model.SequenceLength], ScalarType.Int64);
        MoeTransformerLoss loss = trainer.Model.Loss(new TransformerInput(inputs), inputs);
        long resident = Resident();
        GC.KeepAlive(loss);
        return resident;
    }

    private static Trainer Make(string preset, string row, PackedCorpus corpus)
    {
        RunConfig config = Preset.Get(preset);
        return new Trainer(config, RoutingRecipe.Parse(row), new TokenStream(corpus, config.Model.SequenceLength, config.Training.BatchSequences, config.Seed));
    }

    private static void Train(Trainer trainer)
    {
        for (int i = 0; i < Steps; i++)
        {
            trainer.Step();
        }
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Status("VmRSS");
    }

    private static long Status(string key) =>
        1024 * long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
