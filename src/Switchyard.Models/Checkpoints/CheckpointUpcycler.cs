using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;
using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes a copy of a dense checkpoint in which FFNs are MoE layers: experts made of the FFN, fresh routers, and all else byte for byte as it was.</summary>
/// <remarks>
/// At the start the copy computes what the original computes where experts are copies without noise, for any k, and where they are parts and k = E: <see cref="UpcycleMethod"/>.
/// A <c>qwen3</c> with linear routers becomes a <c>qwen3_moe</c> of transformers; whatever else there is a <c>switchyard_moe</c>.
/// </remarks>
public static class CheckpointUpcycler
{
    private const int MostExperts = 1 << 14;

    /// <summary>Finds out whether a model can be given these experts.</summary>
    /// <param name="model">The model, read from a checkpoint.</param>
    /// <param name="options">The experts.</param>
    /// <exception cref="ConfigurationException">The model has experts already or is of an architecture without a sparse form, its FFNs are quantized or do not divide into these parts, a layer is not there, or sizes or routing do not fit. The message says which.</exception>
    public static void Check(MoeTransformer model, UpcycleOptions options)
    {
        ModelSource source = model.Source!;
        Require(model.MoeLayers.Count == 0, $"'{source.Folder}': the model has experts already; upcycling takes a dense one");
        Require(source.Architecture.IsDense, $"'{source.Architecture.Name}' cannot be upcycled; {string.Join(" and ", ModelArchitectures.All.Where(a => a.IsDense).Select(a => a.Name))} can");
        Require(ModelSection.Read(source.Config) is null or { SaysNothing: true }, $"config.json has a section '{ModelSection.Key}' that changes what the dense model computes");
        Require(options.Experts is >= 1 and <= MostExperts, $"experts is {options.Experts}; it must lie between 1 and {MostExperts}");
        Require(options.TopK >= 1 && options.TopK <= options.Experts, $"topK is {options.TopK}; with {options.Experts} experts it lies between 1 and {options.Experts}");
        Require(options.Noise >= 0 && double.IsFinite(options.Noise), $"noise is {options.Noise}; it must be 0 or more");
        int layers = model.Options.Layers;
        Require(options.Layers is not { Count: 0 }, "no layer is named that would become MoE");
        Require(options.Layers?.Any(l => l < 0 || l >= layers) is not true, $"layer {options.Layers?.FirstOrDefault(l => l < 0 || l >= layers)} is named, but the model has layers 0 to {layers - 1}");
        int windows = Enumerable.Range(0, layers).Count(model.Options.HasWindow);
        Require(windows == 0 || windows == layers, $"{windows} of the {layers} layers have a sliding window; a {source.Architecture.UpcycledAs} has it in all or in none");
        if (options.By == UpcycleMethod.Split)
        {
            CheckSplit(model, options);
        }

        CheckWeights(model, options);
        MoeTransformerOptions target = TargetOf(model, options);
        target.Validate();
        using LayerRouting routing = new(target.MoeLayer(FirstLayer(target)));
    }

    /// <summary>Writes the copy, which appears whole or not at all.</summary>
    /// <param name="source">The folder of a dense model, or of a repository in a hub cache.</param>
    /// <param name="target">The folder to write; it must not be there.</param>
    /// <param name="options">The experts.</param>
    /// <param name="cancellation">Stops between tensors, with nothing written.</param>
    /// <exception cref="CheckpointFormatException">The checkpoint is damaged.</exception>
    /// <exception cref="ConfigurationException">The model cannot be given these experts.</exception>
    /// <exception cref="IOException">The target is there already, or cannot be written.</exception>
    public static void Write(string source, string target, UpcycleOptions options, CancellationToken cancellation = default)
    {
        target = AtomicFolder.RequireNew(target);
        using MoeTransformer model = MoeTransformer.Load(source);
        Check(model, options);
        using UpcycledRouting routing = new(TargetOf(model, options), options);
        List<SafetensorsSource> sources = UpcycledTensors.Of(model, options, routing);
        Require(sources.Count <= SafetensorsHeader.MostTensors, $"{sources.Count} tensors are more than the {SafetensorsHeader.MostTensors} of a file; take fewer experts or layers");
        CheckpointQuantizer.WriteFolder(model.Source!.Folder, target, 1, [sources], UpcycledConfiguration.Write(model, routing), cancellation);
    }

    /// <summary>The options that the new checkpoint will be read with.</summary>
    private static MoeTransformerOptions TargetOf(MoeTransformer model, UpcycleOptions options) => model.Options with
    {
        Experts = options.Experts,
        TopK = options.TopK,
        InnerSize = options.By == UpcycleMethod.Split ? model.Options.DenseInnerSize / options.Experts : model.Options.DenseInnerSize,
        DenseLayers = options.Layers is { } layers ? [.. Enumerable.Range(0, model.Options.Layers).Except(layers)] : [],
        Moe = DecoderKeys.Moe(new SelectorOptions { Experts = 1, TopK = 1 }) with { Routing = options.Routing, ExpertBias = model.Options.Encoder is not null },
        Seed = options.Seed,
    };

    private static int FirstLayer(MoeTransformerOptions target) => Enumerable.Range(0, target.Layers).First(target.IsMoe);

    private static void CheckSplit(MoeTransformer model, UpcycleOptions options)
    {
        int inner = model.Options.DenseInnerSize;
        Require(inner % options.Experts == 0, $"an inner size of {inner} does not divide into {options.Experts} experts; take a divisor of it");
        Require(options.Noise == 0, "noise is for copies, which are equal without it; experts that are parts of the FFN differ");
        RouterEntry router = Routers.All.Get(options.Routing.Router);
        Require(router.Name is "linear" || !router.IsTrainable, $"parts of an FFN make it up where their weights are equal, and a fresh router '{router.Name}' gives unequal ones; split with linear, then put it in its place with reroute");
    }

    private static void CheckWeights(MoeTransformer model, UpcycleOptions options)
    {
        WeightReader weights = model.Source!.Weights;
        foreach (UpcycledPart part in UpcycledPart.Of(model, options).Where(p => !p.IsBias))
        {
            Require(!weights.IsQuantized(part.Name), $"'{part.Name}' is quantized; upcycle the checkpoint that it was made of, then quantize");
            SafetensorsType type = weights.Checkpoint.Entry(part.Name).Type;
            Require(ExpertMean.Takes(type), $"'{part.Name}' is {type}; F32, F16 and BF16 can be upcycled");
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}
