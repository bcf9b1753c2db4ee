using Microsoft.Extensions.Logging;
using Switchyard.Dense;
using Switchyard.Experts.Caching;
using Switchyard.Kernels;
using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads a model from a folder in Hugging Face's layout.</summary>
internal static class ModelReader
{
    public static MoeTransformer Load(string path, ModelLoadOptions load)
    {
        if (load.ExpertCacheBytes is { } asked && (load.Trainable || asked <= 0))
        {
            throw new ConfigurationException(load.Trainable ? "expertCacheBytes bounds the memory of frozen experts; a model to be trained has them all in memory" : $"expertCacheBytes is {asked}; it must be 1 or more");
        }

        MoeTransformer model = Load(path, load, out Dictionary<int, ExpertReader> experts);
        try
        {
            RequireArithmetic(model, load.Arithmetic);
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
                options = options with { Moe = moe with { ExecutorOptions = moe.ExecutorOptions with { Activations = load.Activations, Arithmetic = load.Arithmetic } } };
            }

            TensorNames names = architecture.Names(config);
            WeightReader weights = new(tensors, config);
            IReadOnlyDictionary<string, string> leftOut = new HeaderCheck(weights, names, options).Run(architecture);
            Dictionary<int, ExpertReader> experts = readers = Enumerable.Range(0, options.Layers).Where(options.IsMoe)
                .ToDictionary(layer => layer, layer => new ExpertReader(layer, options.MoeLayer(layer).ExpertSizes, weights, names));
            model = new MoeTransformer(options, layer => load.Trainable || !experts[layer].CanStay ? null : experts[layer].Stay());
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            Fill(model, weights, names, experts, stays: !load.Trainable && DenseOperations.ReadsStoredWeights);
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

    private static void Fill(MoeTransformer model, WeightReader weights, TensorNames names, Dictionary<int, ExpertReader> experts, bool stays)
    {
        (string Name, Tensor Tensor)[] others = [.. ModelTensors.WithoutExperts(model).Select(t => (names.Of(t.Name), t.Tensor))];
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
    }

    private static void RequireArithmetic(MoeTransformer model, Arithmetic? arithmetic)
    {
        if (arithmetic is { } asked && model.MoeLayers.FirstOrDefault(l => l.Experts.Stored is { } stored ? !stored.Takes(asked) : asked is Arithmetic.Int8) is { } layer)
        {
            throw new ConfigurationException($"arithmetic is {asked.ToString().ToLowerInvariant()}, which takes experts that are integers by groups of a multiple of 32 columns, as quantize writes them; those of layer {layer.Options.Layer} are {layer.Experts.Stored?.Storage ?? "fp32"}");
        }
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
}
