using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>What is in a checkpoint, found out from its configuration and the headers of its files: nothing is computed and no weight is read.</summary>
public sealed record CheckpointDescription
{
    /// <summary>Version of the JSON form.</summary>
    public string Schema { get; init; } = "switchyard.inspect/1";

    /// <summary>The folder that holds the files.</summary>
    public required string Folder { get; init; }

    /// <summary><c>model_type</c> of the configuration.</summary>
    public required string Architecture { get; init; }

    /// <summary>The architecture whose keys and names a <c>switchyard_moe</c> has, where its section says; else null.</summary>
    public string? BaseArchitecture { get; init; }

    /// <summary>Why the model cannot be run, as far as configuration and headers tell; null where it can, unless a value among the weights is damaged.</summary>
    public string? CannotRun { get; init; }

    /// <summary>Files of weights.</summary>
    public required int Files { get; init; }

    /// <summary>Tensors.</summary>
    public required int Tensors { get; init; }

    /// <summary>Bytes of all tensors.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes by type of element.</summary>
    public required IReadOnlyDictionary<string, long> BytesByType { get; init; }

    /// <summary>Weights, those of quantized matrices counted one by one.</summary>
    public required long Parameters { get; init; }

    /// <summary>Weights that one token uses; null where the architecture is not known.</summary>
    public long? ActiveParameters { get; init; }

    /// <summary>Hidden size d; null where the architecture is not known.</summary>
    public int? HiddenSize { get; init; }

    /// <summary>Longest sequence; null where the architecture is not known.</summary>
    public int? LongestSequence { get; init; }

    /// <summary>The experts; null where the architecture is not known or has none.</summary>
    public MoeLayout? Moe { get; init; }

    /// <summary>How the weights are quantized; null where they are not.</summary>
    public QuantizationSummary? Quantization { get; init; }

    /// <summary>Bytes of memory that norms, biases, routers and what else is copied take once loaded, in fp32.</summary>
    public required long LoadedBytes { get; init; }

    /// <summary>Bytes of all other matrices, which stay in the files and cost memory as they are used.</summary>
    public long MappedBytes { get; init; }

    /// <summary>Bytes of keys and values that are kept a token; null for an encoder, or where the architecture is not known.</summary>
    public long? CacheBytesPerToken { get; init; }

    /// <summary>Tensors that do not belong to the model: how many, by reason.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>The tensors, those that differ in numbers alone put together.</summary>
    public required IReadOnlyList<TensorGroup> Groups { get; init; }

    /// <summary>Looks at a checkpoint.</summary>
    /// <param name="path">The folder of a model, or of a repository in a hub cache.</param>
    /// <exception cref="CheckpointFormatException">A file is missing or breaks a rule of its format.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static CheckpointDescription Of(string path)
    {
        string folder = HubFolder.Resolve(path);
        ConfigReader config = new(Path.Combine(folder, ModelWriter.ConfigFile));
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        SafetensorsEntry[] entries = [.. tensors.Files.SelectMany(f => f.Entries.Values)];
        QuantizationSummary? quantization = QuantizationSummary.Of(config);
        string type = config.Has("model_type") ? config.Text("model_type") : "unknown";
        CheckpointDescription description = new()
        {
            Folder = folder,
            Architecture = type,
            Files = tensors.Files.Count,
            Tensors = entries.Length,
            Bytes = entries.Sum(e => e.ByteLength),
            BytesByType = entries.GroupBy(e => e.Type).OrderByDescending(g => g.Sum(e => e.ByteLength)).ToDictionary(g => g.Key.ToString(), g => g.Sum(e => e.ByteLength), StringComparer.Ordinal),
            Parameters = Weights(entries),
            Quantization = quantization,
            LoadedBytes = sizeof(float) * Weights(entries),
            Groups = TensorGroups.Of(entries),
        };
        try
        {
            HashSet<string> names = tensors.Names.ToHashSet(StringComparer.Ordinal);
            Architecture architecture = ModelArchitectures.Of(config);
            MoeTransformerOptions options = architecture.Options(config, names);
            description = description.WithModel(options, entries, e => architecture.LeftOut(e.Name, options), Weights);
            MoeTransformerOptions whole = ModelConfiguration.Read(config, architecture, names);
            IReadOnlyDictionary<string, string> leftOut = new HeaderCheck(new WeightReader(tensors, config), architecture.Names(config), whole).Run(architecture);
            description = description.WithModel(options, entries, e => leftOut.GetValueOrDefault(e.Name), Weights);
            return description with { Moe = description.Moe is null ? null : MoeLayout.Of(whole), BaseArchitecture = architecture.Name == type ? null : architecture.Name };
        }
        catch (CheckpointFormatException e)
        {
            return description with { CannotRun = e.Tensor is null ? e.Reason : $"tensor '{e.Tensor}': {e.Reason}" };
        }
        catch (ConfigurationException e)
        {
            return description with { CannotRun = e.Message };
        }

        long Weights(IEnumerable<SafetensorsEntry> of) => of.Sum(e => quantization?.Weights(e) ?? e.Count);
    }

    private CheckpointDescription WithModel(MoeTransformerOptions options, SafetensorsEntry[] entries, Func<SafetensorsEntry, string?> leftOut, Func<IEnumerable<SafetensorsEntry>, long> weights)
    {
        MoeLayout layout = MoeLayout.Of(options);
        long parameters = weights(entries.Where(e => leftOut(e) is null));
        long cached = options.LatentAttention is { } latent
            ? latent.KeyValueRank + latent.RotarySize
            : 2L * options.KeyValueHeads * options.HeadSize;
        return this with
        {
            Parameters = parameters,
            ActiveParameters = parameters - (layout.MoeLayers.Count * (long)(layout.Experts - layout.TopK) * layout.ParametersOfAnExpert),
            HiddenSize = options.HiddenSize,
            LongestSequence = options.LongestSequence,
            Moe = layout.MoeLayers.Count > 0 ? layout : null,
            LoadedBytes = sizeof(float) * entries.Where(e => leftOut(e) is null && !Stays(e, options)).Sum(e => e.Count),
            MappedBytes = entries.Where(e => leftOut(e) is null && Stays(e, options)).Sum(e => e.ByteLength),
            CacheBytesPerToken = options.Encoder is null ? sizeof(float) * cached * options.Layers : null,
            LeftOut = entries.Select(leftOut).OfType<string>().CountBy(reason => reason, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal),
        };
    }

    /// <summary>Whether a tensor is, or belongs to, a matrix that stays in the files: not where experts have biases.</summary>
    private static bool Stays(SafetensorsEntry entry, MoeTransformerOptions options) =>
        !(options.Moe is { ExpertBias: true } && entry.Name.Contains(".experts.", StringComparison.Ordinal)) && IsMatrix(entry, options);

    private static bool IsMatrix(SafetensorsEntry entry, MoeTransformerOptions options) =>
        entry.Type is SafetensorsType.I32 or SafetensorsType.F8_E4M3
        || entry.Name.EndsWith(".scales", StringComparison.Ordinal)
        || entry.Name.EndsWith("weight_scale_inv", StringComparison.Ordinal)
        || (entry.Shape.Count > 1 && (options.Encoder is null || !entry.Name.Contains("embed", StringComparison.Ordinal)) && !entry.Name.EndsWith("gate.weight", StringComparison.Ordinal));
}
