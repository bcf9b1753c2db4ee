using Switchyard.Models.Files;
using Switchyard.Models.Weights;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes a model as a folder in Hugging Face's layout: <c>config.json</c> and <c>model.safetensors</c>.</summary>
internal static class ModelWriter
{
    public const string ConfigFile = "config.json";
    public static readonly IReadOnlyDictionary<string, string> Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Both files are written beside the folder first; while they take their places there is no <c>config.json</c>, so that weights never stand with the sizes of other ones.</summary>
    public static void Save(MoeTransformer model, string folder)
    {
        folder = Path.GetFullPath(folder);
        using AtomicFolder files = new(folder);
        using (NewDisposeScope())
        using (no_grad())
        {
            SafetensorsWriter.Write(files.Temporary(CheckpointTensors.WeightsFile), Sources(model), Metadata);
        }

        AtomicFile.WriteText(files.Temporary(ConfigFile), ModelConfiguration.Write(model));
        if (!Directory.Exists(folder))
        {
            files.Place();
            return;
        }

        File.Delete(Path.Combine(folder, ConfigFile));
        files.Place(CheckpointTensors.WeightsFile);
        files.Place(ConfigFile);
    }

    /// <summary>Writes a copy of the folder that a model was read from in which routers, selectors and balancers are those that the model has now; all else is copied byte for byte. It appears whole or not at all.</summary>
    public static void SaveRerouted(MoeTransformer model, string folder, CancellationToken cancellation)
    {
        ModelSource source = model.Source ?? throw new NotSupportedException("the model was made, not read: there is no checkpoint to copy; Save writes it whole");
        folder = AtomicFolder.RequireNew(folder);

        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        SafetensorsSource[] routing = [.. ModelTensors.OfRouting(model, model.MoeLayers.Select(l => l.Options.Layer)).Select(t => Unchanged(source, t) ?? SafetensorsSource.Of(t.Name, t.Tensor))];
        HashSet<string> replaced = [.. source.RoutingTensors, .. routing.Select(r => r.Name)];
        CheckpointTensors tensors = source.Weights.Checkpoint;
        List<SafetensorsSource> sources = [.. tensors.Names.Where(n => !replaced.Contains(n)).Select(n => SafetensorsSource.Of(tensors.FileOf(n), n)), .. routing];
        CheckpointQuantizer.WriteFolder(source.Folder, folder, 1, [sources], ModelConfiguration.Rerouted(model, source).ToJsonString(ModelConfiguration.Indented) + "\n", cancellation);
    }

    /// <summary>The tensor as it lies in the file, where the model has the same numbers: a router that nobody replaced keeps its type.</summary>
    private static SafetensorsSource? Unchanged(ModelSource source, (string Name, Tensor Tensor) tensor)
    {
        CheckpointTensors files = source.Weights.Checkpoint;
        if (!files.Has(tensor.Name) || source.Weights.IsQuantized(tensor.Name) || !files.Entry(tensor.Name).Shape.SequenceEqual(tensor.Tensor.shape))
        {
            return null;
        }

        using Tensor there = zeros_like(tensor.Tensor);
        source.Weights.CopyTo(tensor.Name, there);
        return there.eq(tensor.Tensor).all().item<bool>() ? SafetensorsSource.Of(files.FileOf(tensor.Name), tensor.Name) : null;
    }

    /// <summary>What the model's own memory holds; and as it lies in the files that it was read from, what is frozen there: experts that stayed, and weights that are quantized.</summary>
    private static IEnumerable<SafetensorsSource> Sources(MoeTransformer model)
    {
        IEnumerable<(string Name, Tensor Tensor)> tensors = ModelTensors.Of(model);
        if (model.Source is not { } source)
        {
            return tensors.Select(t => SafetensorsSource.Of(t.Name, t.Tensor));
        }

        WeightReader weights = source.Weights;
        (string Name, Tensor Tensor)[] own = [.. tensors];
        // A weight that stayed in the files has left its parameter empty.
        bool Stays((string Name, Tensor Tensor) t) => t.Tensor.numel() == 0 || weights.IsQuantized(t.Name);
        IEnumerable<string> kept = own.Where(Stays).SelectMany(t => weights.Tensors(t.Name))
            .Concat(model.MoeLayers.Where(l => l.Experts.Stored is not null)
                .SelectMany(l => new ExpertReader(l.Options.Layer, l.Experts.Options, weights, source.Names).Names));
        return own.Where(t => !Stays(t)).Select(t => SafetensorsSource.Of(t.Name, t.Tensor)).Concat(kept.Select(n => SafetensorsSource.Of(weights.Checkpoint.FileOf(n), n)));
    }
}
