using System.Text.Json;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
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
    public static void Save(Trainer trainer, string folder, double seconds)
    {
        string temporary = $"{folder}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            using (NewDisposeScope())
            using (no_grad())
            {
                SafetensorsWriter.Write(Path.Combine(temporary, ModelFile), ModelTensors.Of(trainer.Model));
                SafetensorsWriter.Write(Path.Combine(temporary, OptimizerFile), trainer.Optimizer.State().Append((RandomState, random.get_rng_state())));
            }

            CheckpointState state = new(trainer.StepsDone, trainer.Optimizer.Steps, trainer.SkippedSteps, seconds, trainer.Routing.Name);
            AtomicFile.Write(Path.Combine(temporary, TrainerFile), stream => JsonSerializer.Serialize(stream, state, ConfigFile.Json));
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            Directory.Move(temporary, folder);
        }
        catch
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }

            throw;
        }
    }

    /// <summary>Restores a checkpoint into a trainer of the same configuration.</summary>
    /// <returns>Time spent before it was written, in seconds.</returns>
    /// <exception cref="CheckpointFormatException">A file is damaged, a tensor is missing or has another shape, or it belongs to another router.</exception>
    public static double Restore(Trainer trainer, string folder)
    {
        CheckpointState state = ReadState(Path.Combine(folder, TrainerFile));
        if (!string.Equals(state.Routing, trainer.Routing.Name, StringComparison.Ordinal))
        {
            throw new CheckpointFormatException(folder, null, $"was trained as '{state.Routing}', not as '{trainer.Routing.Name}'");
        }

        LoadModel(trainer.Model, folder);
        using SafetensorsFile optimizer = SafetensorsFile.Open(Path.Combine(folder, OptimizerFile));
        using var quiet = no_grad();
        foreach ((string name, Tensor tensor) in trainer.Optimizer.State())
        {
            optimizer.CopyTo(name, tensor);
        }

        using Tensor generator = optimizer.Load(RandomState);
        trainer.StepsDone = state.Step;
        trainer.SkippedSteps = state.SkippedSteps;
        trainer.Optimizer.Steps = state.OptimizerSteps;
        TorchSharp.torch.random.set_rng_state(generator);
        return state.Seconds;
    }

    /// <summary>Loads the weights and the state of routers and balancers into a model of the same shape.</summary>
    /// <exception cref="CheckpointFormatException">A tensor is missing, unknown or of another shape.</exception>
    public static void LoadModel(Models.MoeTransformer model, string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, ModelFile));
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Dictionary<string, Tensor> wanted = ModelTensors.Of(model).ToDictionary(t => t.Name, t => t.Tensor, StringComparer.Ordinal);
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
