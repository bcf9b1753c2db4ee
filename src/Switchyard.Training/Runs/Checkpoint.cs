using System.Text.Json;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Optimization;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Runs;

/// <summary>A checkpoint: <c>model.safetensors</c> (weights, and the state of routers and balancers, named as <see cref="ModelTensors"/> says), <c>optimizer.safetensors</c> (moments, and the state of the random generator) and <c>trainer.json</c>. It appears whole or not at all.</summary>
public static class Checkpoint
{
    private const string ModelFile = "model.safetensors";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string TrainerFile = "trainer.json";
    private const string RandomState = "random.state";

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="trainer">What to save.</param>
    /// <param name="folder">Folder of the checkpoint; replaced if it is there.</param>
    /// <param name="seconds">Time spent so far.</param>
    /// <exception cref="IOException">The disk is full or the folder cannot be written; an older checkpoint is as it was.</exception>
    public static void Save(Trainer trainer, string folder, double seconds) => Save(trainer, folder, seconds, window: null);

    /// <summary>Writes a checkpoint between two logged steps.</summary>
    internal static void Save(Trainer trainer, string folder, double seconds, TrainingWindowState? window) =>
        Save(folder, ModelTensors.Of(trainer.Model), trainer.Optimizer, new CheckpointState(trainer.StepsDone, trainer.Optimizer.Steps, trainer.SkippedSteps, seconds, trainer.Routing.Name) { SkippedInARow = trainer.SkippedInARow, Window = window });

    /// <summary>Writes a checkpoint of what is trained.</summary>
    internal static void Save(string folder, IEnumerable<(string Name, Tensor Tensor)> weights, AdamW optimizer, CheckpointState state)
    {
        using AtomicFolder files = new(Path.GetFullPath(folder));
        using (NewDisposeScope())
        using (no_grad())
        {
            SafetensorsWriter.Write(files.Temporary(ModelFile), weights);
            SafetensorsWriter.Write(files.Temporary(OptimizerFile), optimizer.State().Append((RandomState, random.get_rng_state())));
        }

        AtomicFile.Write(files.Temporary(TrainerFile), stream => JsonSerializer.Serialize(stream, state, ConfigFile.Json));
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        files.Place();
    }

    /// <summary>Restores a checkpoint into a trainer of the same configuration.</summary>
    /// <returns>Time spent before it was written, in seconds.</returns>
    /// <exception cref="CheckpointFormatException">A file is damaged, a tensor is missing or has another shape, or it belongs to another router.</exception>
    public static double Restore(Trainer trainer, string folder) => RestoreState(trainer, folder).Seconds;

    /// <summary>The same, with all that the checkpoint holds beside tensors.</summary>
    internal static CheckpointState RestoreState(Trainer trainer, string folder)
    {
        CheckpointState state = Restore(folder, ModelTensors.Of(trainer.Model), trainer.Optimizer, trainer.Routing.Name);
        trainer.StepsDone = state.Step;
        trainer.SkippedSteps = state.SkippedSteps;
        trainer.SkippedInARow = state.SkippedInARow;
        return state;
    }

    /// <summary>Restores what is trained, the optimizer and the random generator.</summary>
    internal static CheckpointState Restore(string folder, IEnumerable<(string Name, Tensor Tensor)> weights, AdamW optimizer, string routing)
    {
        CheckpointState state = ReadState(Path.Combine(folder, TrainerFile));
        if (!string.Equals(state.Routing, routing, StringComparison.Ordinal))
        {
            throw new CheckpointFormatException(folder, null, $"was trained as '{state.Routing}', not as '{routing}'");
        }

        LoadWeights(Path.Combine(folder, ModelFile), weights);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, OptimizerFile));
        using var quiet = no_grad();
        foreach ((string name, Tensor tensor) in optimizer.State())
        {
            file.CopyTo(name, tensor);
        }

        using Tensor generator = file.Load(RandomState);
        optimizer.Steps = state.OptimizerSteps;
        TorchSharp.torch.random.set_rng_state(generator);
        return state;
    }

    /// <summary>Loads the weights and the state of routers and balancers into a model of the same shape.</summary>
    /// <exception cref="CheckpointFormatException">A tensor is missing, unknown or of another shape.</exception>
    public static void LoadModel(Models.MoeTransformer model, string folder) => LoadWeights(Path.Combine(folder, ModelFile), ModelTensors.Of(model));

    /// <summary>Reads exactly the tensors of a file.</summary>
    internal static void LoadWeights(string path, IEnumerable<(string Name, Tensor Tensor)> weights)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Dictionary<string, Tensor> wanted = weights.ToDictionary(t => t.Name, t => t.Tensor, StringComparer.Ordinal);
        string? unknown = file.Entries.Keys.FirstOrDefault(n => !wanted.ContainsKey(n));
        if (unknown is not null)
        {
            throw new CheckpointFormatException(file.Path, unknown, $"does not belong to this model");
        }

        foreach ((string name, Tensor tensor) in wanted)
        {
            file.CopyTo(name, tensor);
        }
    }

    private static CheckpointState ReadState(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<CheckpointState>(File.ReadAllText(path), ConfigFile.Json)
                ?? throw new CheckpointFormatException(path, null, "holds null");
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new CheckpointFormatException(path, null, e.Message, e);
        }
    }
}
