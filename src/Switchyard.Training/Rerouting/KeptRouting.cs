using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Runs;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>The best routing so far, in the folder of a run: <c>best.safetensors</c> with <c>best.json</c>.</summary>
/// <param name="Step">The step that it is of.</param>
/// <param name="Loss">Its held-out loss.</param>
/// <param name="Gini">Its held-out Gini, mean over the layers.</param>
/// <param name="Strength">Factor on what its balancers do.</param>
internal sealed record KeptRouting(int Step, double Loss, double Gini, double Strength)
{
    private const string Weights = "best.safetensors", State = "best.json";

    /// <summary>Whether it is to be preferred: with an upper bound on the loss, the better balance among what keeps it, else the lower loss; without one, the later.</summary>
    /// <param name="other">What was kept so far; null for nothing.</param>
    /// <param name="bound">The loss that must not be passed; null where it may be.</param>
    public bool IsBetterThan(KeptRouting? other, double? bound) => other is null || bound is null || (Loss <= bound, other.Loss <= bound) switch
    {
        (true, true) => Gini < other.Gini,
        (false, false) => Loss < other.Loss,
        (bool keeps, _) => keeps,
    };

    /// <summary>Writes it into the folder of a run.</summary>
    public void Save(RunFolder folder, IEnumerable<(string Name, Tensor Tensor)> weights)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        File.Delete(Path.Combine(folder.Path, State));
        SafetensorsWriter.Write(Path.Combine(folder.Path, Weights), weights);
        AtomicFile.Write(Path.Combine(folder.Path, State), stream => JsonSerializer.Serialize(stream, this, ConfigFile.Json));
    }

    /// <summary>What the folder holds; null where there is nothing, or of a later step than the run goes on from.</summary>
    public static KeptRouting? Read(RunFolder folder, int step)
    {
        string path = Path.Combine(folder.Path, State);
        return File.Exists(path) && JsonSerializer.Deserialize<KeptRouting>(File.ReadAllText(path), ConfigFile.Json) is { } kept && kept.Step <= step ? kept : null;
    }

    /// <summary>Reads its weights.</summary>
    public static void Load(RunFolder folder, IEnumerable<(string Name, Tensor Tensor)> weights) => Checkpoint.LoadWeights(Path.Combine(folder.Path, Weights), weights);

    /// <summary>Forgets what the folder holds.</summary>
    public static void Clear(RunFolder folder) => File.Delete(Path.Combine(folder.Path, State));
}
