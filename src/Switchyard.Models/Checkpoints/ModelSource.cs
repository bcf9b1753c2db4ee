using System.Text.Json.Nodes;
using Switchyard.Models.Architectures;
using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>Where a model was read from.</summary>
public sealed class ModelSource : IDisposable
{
    internal ModelSource(Architecture architecture, ConfigReader config, TensorNames names, IReadOnlyDictionary<string, string> leftOut, WeightReader weights)
    {
        Weights = weights;
        Architecture = architecture;
        Config = config.ToJson();
        Names = names;
        LeftOut = leftOut.Values.CountBy(reason => reason, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        Folder = Path.GetDirectoryName(config.Path)!;
    }

    /// <summary>The folder that holds its files.</summary>
    public string Folder { get; }

    /// <summary>Its architecture.</summary>
    public Architecture Architecture { get; }

    /// <summary>Tensors of the checkpoint that were left out: how many, by reason.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; }

    internal JsonObject Config { get; }

    internal WeightReader Weights { get; }

    internal TensorNames Names { get; }

    /// <summary>Tensors of the files that the routers, selectors and balancers were read from.</summary>
    internal IReadOnlySet<string> RoutingTensors { get; set; } = new HashSet<string>();

    /// <summary>Closes the files; experts that stayed in them cannot be used any more. The model does it when it is disposed.</summary>
    public void Dispose() => Weights.Checkpoint.Dispose();
}
