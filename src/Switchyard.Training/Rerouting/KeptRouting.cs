using System.Globalization;
using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Configuration;
using Switchyard.Training.Runs;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>The best routing so far, in the folder of a run: <c>best-N.safetensors</c> with <c>best-N.json</c>, N the step. That of the last checkpoint stays until there is another, so that a run which is killed goes on from what it had.</summary>
/// <param name="Step">The step that it is of.</param>
/// <param name="Loss">Its held-out loss.</param>
/// <param name="Gini">Its held-out Gini, mean over the layers.</param>
/// <param name="Strength">Factor on what its balancers do.</param>
internal sealed record KeptRouting(int Step, double Loss, double Gini, double Strength)
{
    private const string Name = "best-";

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
        File.Delete(StateOf(folder, Step));
        SafetensorsWriter.Write(WeightsOf(folder, Step), weights);
        AtomicFile.Write(StateOf(folder, Step), stream => JsonSerializer.Serialize(stream, this, ConfigFile.Json));
        if (folder.Checkpoints().Count == 0)
        {
            RemoveEarlier(folder);
        }
    }

    /// <summary>Takes away what was kept before it: once there is a checkpoint behind it, a run never goes on from that again.</summary>
    public void RemoveEarlier(RunFolder folder) => Remove(folder, Steps(folder).Where(s => s < Step));

    /// <summary>What the run had kept when it had done so many steps, null for nothing; what it kept later is taken away.</summary>
    public static KeptRouting? Read(RunFolder folder, int step)
    {
        int[] steps = Steps(folder);
        Remove(folder, steps.Where(s => s > step));
        return steps.LastOrDefault(s => s <= step, -1) is >= 0 and int last ? JsonSerializer.Deserialize<KeptRouting>(File.ReadAllText(StateOf(folder, last)), ConfigFile.Json) : null;
    }

    /// <summary>Reads its weights.</summary>
    public void Load(RunFolder folder, IEnumerable<(string Name, Tensor Tensor)> weights) => Checkpoint.LoadWeights(WeightsOf(folder, Step), weights);

    /// <summary>Forgets what the folder holds.</summary>
    public static void Clear(RunFolder folder) => Remove(folder, Steps(folder));

    /// <summary>The steps of which a routing is there whole, ascending.</summary>
    private static int[] Steps(RunFolder folder) => Directory.Exists(folder.Path)
        ? [.. Directory.EnumerateFiles(folder.Path, $"{Name}*.json")
            .Select(f => int.TryParse(Path.GetFileNameWithoutExtension(f).AsSpan(Name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1)
            .Where(step => step >= 0)
            .Order()]
        : [];

    private static void Remove(RunFolder folder, IEnumerable<int> steps)
    {
        foreach (int step in steps)
        {
            File.Delete(StateOf(folder, step));
            File.Delete(WeightsOf(folder, step));
        }
    }

    private static string StateOf(RunFolder folder, int step) => Path.Combine(folder.Path, string.Create(CultureInfo.InvariantCulture, $"{Name}{step}.json"));

    private static string WeightsOf(RunFolder folder, int step) => Path.Combine(folder.Path, string.Create(CultureInfo.InvariantCulture, $"{Name}{step}.safetensors"));
}
