using Microsoft.Extensions.Logging;
using Switchyard.Dense;
using Switchyard.Experts.Caching;
using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads a model from a folder in Hugging Face's layout.</summary>
internal static class ModelReader
{
    private const int NamesListed = 5;

    public static MoeTransformer Load(string path, ModelLoadOptions load)
    {
        if (load.ExpertCacheBytes is { } asked && (load.Trainable || asked <= 0))
        {
            throw new ConfigurationException(load.Trainable ? "expertCacheBytes bounds the memory of frozen experts; a model to be trained has them all in memory" : $"expertCacheBytes is {asked}; it must be 1 or more");
        }

        MoeTransformer model = Load(path, load, out Dictionary<int, ExpertReader> experts);
        try
        {
            model.ExpertCache = load.ExpertCacheBytes is { } bytes ? Bound(model, experts, bytes) : null;
            if (load.Logger is { } logger)
            {
                Tell(model, logger);
            }

            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static void Tell(MoeTransformer model, ILogger logger)
    {
        ModelSource source = model.Source!;
        LoadLog.Loaded(logger, source.Architecture.Name, source.Folder, model.Options.Layers, model.MoeLayers.Count, model.TotalParameters, model.ActiveParameters);
        foreach ((string reason, int count) in source.LeftOut)
        {
            LoadLog.LeftOut(logger, count, source.Folder, reason);
        }

        if (model.ExpertCache is { } cache)
        {
            LoadLog.Cached(logger, cache.Bytes, cache.Slots);
        }
    }

    /// <summary>Lets a model read its experts through a cache.</summary>
    private static ExpertCache Bound(MoeTransformer model, Dictionary<int, ExpertReader> experts, long bytes)
    {
        if (model.MoeLayers.FirstOrDefault(l => l.Experts.Stored is null) is { } copied)
        {
            throw new ConfigurationException($"the experts of layer {copied.Options.Layer} have biases or are stored transposed, and are copied into memory; expertCacheBytes is for experts that can be read as they are stored");
        }

        ExpertCache cache = new(bytes, [.. model.MoeLayers.Select(l => new ExpertSource(experts[l.Options.Layer]))]);
        foreach ((int index, MoeLayer layer) in model.MoeLayers.Index())
        {
            layer.Experts.Stored!.ReadThrough(cache, index);
        }

        return cache;
    }

    private static MoeTransformer Load(string path, ModelLoadOptions load, out Dictionary<int, ExpertReader> readers)
    {
        string folder = HubFolder.Resolve(path);
        ConfigReader config = new(Path.Combine(folder, ModelWriter.ConfigFile));
        Architecture architecture = ModelArchitectures.Of(config);
        CheckpointTensors tensors = CheckpointTensors.Open(folder);
        MoeTransformer? model = null;
        try
        {
            MoeTransformerOptions options = ModelConfiguration.Read(config, architecture, tensors.Names.ToHashSet(StringComparer.Ordinal)) with { IsFilledLater = true, RotaryRounding = load.RotaryRounding };
            if (options.Moe is { } moe)
            {
                options = options with { Moe = moe with { ExecutorOptions = moe.ExecutorOptions with { Activations = load.Activations } } };
            }

            TensorNames names = architecture.Names(config);
            WeightReader weights = new(tensors, config);
            SizeCheck.Run(weights, names, options);
            Dictionary<int, ExpertReader> experts = readers = Enumerable.Range(0, options.Layers).Where(options.IsMoe)
                .ToDictionary(layer => layer, layer => new ExpertReader(layer, options.MoeLayer(layer).ExpertSizes, weights, names));
            Check(tensors, experts.Values.SelectMany(e => e.Names).Where(n => !tensors.Has(n)), []);
            model = new MoeTransformer(options, layer => load.Trainable || !experts[layer].CanStay ? null : experts[layer].Stay());
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            IReadOnlyDictionary<string, int> leftOut = Fill(model, weights, names, experts, architecture, stays: !load.Trainable && DenseOperations.ReadsStoredWeights);
            model.Source = new ModelSource(architecture, config, names, leftOut, weights);
            RequireNumbers(model, weights);
            model.Source.RoutingTensors = ModelTensors.OfRouting(model, model.MoeLayers.Select(l => l.Options.Layer)).SelectMany(t => weights.Tensors(t.Name)).ToHashSet(StringComparer.Ordinal);
            model.ComputeType = load.ComputeType;
            model.eval();
            return model;
        }
        catch (ConfigurationException e)
        {
            model?.Dispose();
            tensors.Dispose();
            throw config.Error(e.Message, e);
        }
        catch
        {
            model?.Dispose();
            tensors.Dispose();
            throw;
        }
    }

    private static Dictionary<string, int> Fill(MoeTransformer model, WeightReader weights, TensorNames names, Dictionary<int, ExpertReader> experts, Architecture architecture, bool stays)
    {
        (string Name, Tensor Tensor)[] others = [.. ModelTensors.WithoutExperts(model).Select(t => (names.Of(t.Name), t.Tensor))];
        CheckpointTensors tensors = weights.Checkpoint;
        HashSet<string> wanted = new(others.SelectMany(t => weights.Tensors(t.Name)).Concat(experts.Values.SelectMany(e => e.Names)), StringComparer.Ordinal);

        List<string> unexpected = [];
        Dictionary<string, int> leftOut = new(StringComparer.Ordinal);
        foreach (string name in tensors.Names.Where(n => !wanted.Contains(n)).Order(StringComparer.Ordinal))
        {
            if (architecture.LeftOut(name, model.Options) is { } reason)
            {
                leftOut[reason] = leftOut.GetValueOrDefault(reason) + 1;
            }
            else
            {
                unexpected.Add(name);
            }
        }

        Check(tensors, wanted.Where(n => !tensors.Has(n)), unexpected);
        HashSet<string> kept = stays ? DenseReader.Keep(model, weights, names) : [];
        foreach ((string name, Tensor tensor) in others.Where(t => !kept.Contains(t.Name)))
        {
            weights.CopyTo(name, tensor);
            if (weights.IsQuantized(name) && tensor.requires_grad)
            {
                tensor.requires_grad_(false);
            }
        }

        foreach (MoeLayer layer in model.MoeLayers.Where(l => l.Experts.Stored is null))
        {
            experts[layer.Options.Layer].Fill(layer.Experts);
        }

        return leftOut;
    }

    /// <summary>Refuses routers that hold what is no finite number: their experts would only seem unused.</summary>
    private static void RequireNumbers(MoeTransformer model, WeightReader weights)
    {
        foreach ((string name, Tensor tensor) in ModelTensors.OfRouting(model, model.MoeLayers.Select(l => l.Options.Layer)))
        {
            if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>())
            {
                string stored = weights.Tensors(name).First();
                throw new CheckpointFormatException(weights.Checkpoint.FileOf(stored).Path, stored, "it holds what is no finite number; no expert can be scored by it.");
            }
        }
    }

    private static void Check(CheckpointTensors tensors, IEnumerable<string> missing, IReadOnlyList<string> unexpected)
    {
        string[] names = [.. missing.Order(StringComparer.Ordinal)];
        if (names.Length + unexpected.Count > 0)
        {
            throw new CheckpointFormatException(tensors.Path, null, $"{List("missing", names)}{List("unexpected", unexpected)}");
        }
    }

    private static string List(string what, IReadOnlyList<string> names) =>
        names.Count == 0 ? string.Empty : $"{names.Count} tensors are {what}: {string.Join(", ", names.Take(NamesListed))}{(names.Count > NamesListed ? ", …" : string.Empty)}. ";
}
