using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes a copy of a checkpoint whose experts, routed and shared, are integers of 8 or 4 bits by group, rounded to the nearest or as a calibration says. Routers, norms, attention, embeddings and head stay as they are, byte for byte.</summary>
public static class CheckpointQuantizer
{
    private const string Quantization = "quantization_config";
    private const string Suffix = ".weight";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Finds out whether a checkpoint can be read and has experts that can be rounded.</summary>
    /// <param name="source">The folder of a model, or of a repository in a hub cache.</param>
    /// <param name="bits">8 or 4.</param>
    /// <exception cref="CheckpointFormatException">It is damaged, quantized already, or has none.</exception>
    public static void Check(string source, int bits)
    {
        using MoeTransformer model = MoeTransformer.Load(source);
        _ = Chosen(model.Source!.Weights.Checkpoint, ConfigOf(model.Source), bits);
    }

    /// <summary>Writes the copy; rows are rounded as they are written, so that memory stays small.</summary>
    /// <param name="source">The folder of a model, or of a repository in a hub cache.</param>
    /// <param name="target">The folder to write; it must not be there.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="group">Values along the input that share a scale, such as 32 or 128; even.</param>
    /// <param name="cancellation">Stops between tensors, with nothing written.</param>
    /// <returns>Bytes of the experts' weights before and after.</returns>
    /// <exception cref="CheckpointFormatException">The checkpoint is damaged, quantized already, or has no experts that can be rounded.</exception>
    /// <exception cref="IOException">The target is there already, or cannot be written.</exception>
    public static (long Before, long After) Write(string source, string target, int bits, int group, CancellationToken cancellation = default)
    {
        target = Check(target, bits, group);
        using MoeTransformer model = MoeTransformer.Load(source);
        ConfigReader config = ConfigOf(model.Source!);
        CheckpointTensors tensors = model.Source!.Weights.Checkpoint;
        string[] chosen = Chosen(tensors, config, bits);
        List<SafetensorsSource> sources = [.. Sources(tensors, tensors.Names, chosen, bits, group)];
        WriteFolder(model.Source.Folder, target, 1, [sources], Configuration(config, bits, group), cancellation);
        return (chosen.Sum(n => tensors.Entry(n).ByteLength), chosen.Sum(n => BytesOf(tensors.Entry(n), bits, group)));
    }

    /// <summary>Writes the copy with the experts of a model's layers as something else rounded them, such as <see cref="CalibratedRounding"/>; experts of layers that the model does not compute are rounded to the nearest.</summary>
    /// <param name="model">The model, read from a folder.</param>
    /// <param name="target">The folder to write; it must not be there.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="group">Values along the input that share a scale; even.</param>
    /// <param name="round">The matrices of an MoE layer, by its index; asked once for each, in order, before the next is asked for. They are disposed here.</param>
    /// <param name="cancellation">Stops between tensors, with nothing written.</param>
    /// <returns>Bytes of the experts' weights before and after.</returns>
    /// <exception cref="CheckpointFormatException">The checkpoint is damaged, quantized already, or has no experts that can be rounded.</exception>
    /// <exception cref="ConfigurationException">A matrix of the model's experts cannot be rounded: it is fused with others, or has an odd number of columns for 4 bits.</exception>
    /// <exception cref="IOException">The target is there already, or cannot be written.</exception>
    public static (long Before, long After) Write(MoeTransformer model, string target, int bits, int group, Func<int, RoundedLayer> round, CancellationToken cancellation = default)
    {
        target = Check(target, bits, group);
        ModelSource source = model.Source ?? throw new InvalidOperationException("the model was made, not read");
        ConfigReader config = ConfigOf(source);
        CheckpointTensors tensors = source.Weights.Checkpoint;
        string[] chosen = Chosen(tensors, config, bits);
        RoundedPart[] parts = [.. RoundedPart.Of(model)];
        HashSet<string> rounds = [.. chosen];
        if (parts.FirstOrDefault(p => !rounds.Contains(p.Tensor)) is { } left)
        {
            throw new ConfigurationException($"'{left.Tensor}' cannot be rounded to {bits} bits: it is not there by itself, is no matrix of floating-point numbers, or has an odd number of columns");
        }

        WriteFolder(source.Folder, target, 1 + model.MoeLayers.Count, Files(), Configuration(config, bits, group), cancellation);
        return (chosen.Sum(n => tensors.Entry(n).ByteLength), chosen.Sum(n => BytesOf(tensors.Entry(n), bits, group)));

        // A file for each layer, so that no more than one layer of rounded experts is in memory.
        IEnumerable<List<SafetensorsSource>> Files()
        {
            HashSet<string> inLayers = [.. parts.Select(p => p.Tensor)];
            yield return [.. Sources(tensors, tensors.Names.Where(n => !inLayers.Contains(n)), chosen, bits, group)];
            foreach (IGrouping<int, RoundedPart> layer in parts.GroupBy(p => p.Layer))
            {
                using RoundedLayer rounded = round(layer.Key);
                yield return [.. layer.SelectMany(p => Pair(p.Tensor, tensors.Entry(p.Tensor), bits, group, stream => p.WriteCodes(rounded, stream), stream => p.WriteScales(rounded, stream)))];
            }
        }
    }

    private static string Check(string target, int bits, int group)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(group);
        return bits is 4 or 8 && group % 2 == 0
            ? AtomicFolder.RequireNew(target)
            : throw new ArgumentOutOfRangeException(nameof(bits), $"{bits} bits in groups of {group}; 4 or 8 bits and an even group are written");
    }

    private static ConfigReader ConfigOf(ModelSource source) => new(Path.Combine(source.Folder, ModelWriter.ConfigFile));

    private static string[] Chosen(CheckpointTensors tensors, ConfigReader config, int bits)
    {
        config.Refuse(config.Has(Quantization), "the model is quantized already");
        string[] chosen = [.. tensors.Names.Where(n => IsExpert(n) && Rounds(tensors, n, bits))];
        string? expert = tensors.Names.FirstOrDefault(n => n.Contains(".experts.", StringComparison.Ordinal));
        return chosen.Length > 0 ? chosen
            : expert is null ? throw new CheckpointFormatException(tensors.Path, null, "no layer has experts; there is nothing to round")
            : throw new CheckpointFormatException(tensors.Path, expert, $"cannot be rounded to {bits} bits: experts must be there one by one, as matrices of floating-point numbers with an even number of columns for 4 bits");
    }

    private static string Configuration(ConfigReader config, int bits, int group)
    {
        JsonObject json = config.ToJson();
        json[Quantization] = new JsonObject { ["quant_method"] = IntegerWeights.Method, ["bits"] = bits, ["group_size"] = group, ["sym"] = true };
        return json.ToJsonString(Indented) + "\n";
    }

    private static IEnumerable<SafetensorsSource> Sources(CheckpointTensors tensors, IEnumerable<string> names, IEnumerable<string> chosen, int bits, int group)
    {
        HashSet<string> rounded = [.. chosen];
        return names.SelectMany(n => rounded.Contains(n) ? Rounded(tensors, n, bits, group) : [SafetensorsSource.Of(tensors.FileOf(n), n)]);
    }

    private static bool IsExpert(string name) => name.EndsWith(Suffix, StringComparison.Ordinal)
        && (name.Contains(".experts.", StringComparison.Ordinal) || name.Contains(".shared_expert.", StringComparison.Ordinal) || name.Contains(".shared_experts.", StringComparison.Ordinal));

    private static bool Rounds(CheckpointTensors tensors, string name, int bits) =>
        tensors.Entry(name) is { Shape: [_, long columns] } entry && PlainWeights.Reads(entry.Type) && (bits == 8 || columns % 2 == 0);

    private static (int Codes, int Scales) Widths(long columns, int bits, int group) => checked(((int)(bits == 4 ? columns / 2 : columns), (int)((columns + group - 1) / group)));

    private static long BytesOf(SafetensorsEntry entry, int bits, int group)
    {
        (int codes, int scales) = Widths(entry.Shape[1], bits, group);
        return entry.Shape[0] * (codes + ((long)scales * sizeof(float)));
    }

    /// <summary>The two tensors of a matrix.</summary>
    private static SafetensorsSource[] Pair(string name, SafetensorsEntry entry, int bits, int group, Action<Stream> writeCodes, Action<Stream> writeScales)
    {
        (string codes, string scales) = IntegerWeights.NamesOf(name[..^Suffix.Length]);
        (int width, int groups) = Widths(entry.Shape[1], bits, group);
        return
        [
            new SafetensorsSource(codes, bits == 4 ? SafetensorsType.U8 : SafetensorsType.I8, [entry.Shape[0], width], writeCodes),
            new SafetensorsSource(scales, SafetensorsType.F32, [entry.Shape[0], groups], writeScales),
        ];
    }

    private static SafetensorsSource[] Rounded(CheckpointTensors tensors, string name, int bits, int group)
    {
        SafetensorsEntry entry = tensors.Entry(name);
        (int rows, int columns) = (checked((int)entry.Shape[0]), checked((int)entry.Shape[1]));
        (int width, int groups) = Widths(columns, bits, group);
        return Pair(name, entry, bits, group, WriteCodes, stream => ForEachRow((_, scale) => stream.Write(MemoryMarshal.AsBytes(scale))));

        void WriteCodes(Stream stream)
        {
            byte[] line = new byte[width];
            ForEachRow((row, scale) =>
            {
                GroupRounding.Codes(row, bits, group, scale, line);
                stream.Write(line);
            });
        }

        void ForEachRow(RowUse use)
        {
            float[] row = new float[columns], scale = new float[groups];
            var matrix = PlainWeights.Matrix(entry.Type, tensors.FileOf(name).Address(name), rows, columns)!;
            for (int r = 0; r < rows; r++)
            {
                matrix.WidenRow(r, row);
                if (row.AsSpan().ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
                {
                    throw new CheckpointFormatException(tensors.FileOf(name).Path, name, $"row {r} holds what is no finite number.");
                }

                GroupRounding.Scales(row, bits, group, scale);
                use(row, scale);
            }
        }
    }

    /// <summary>Weights and configuration, and the other files of a model's folder as they are; the target appears whole or not at all.</summary>
    /// <param name="folder">The original.</param>
    /// <param name="target">The folder to write; it must not be there.</param>
    /// <param name="count">Files of weights; several get an index.</param>
    /// <param name="files">The tensors of each file of weights, made when their turn comes.</param>
    /// <param name="config">The content of <c>config.json</c>.</param>
    /// <param name="cancellation">Stops between tensors, with nothing written.</param>
    internal static void WriteFolder(string folder, string target, int count, IEnumerable<IReadOnlyList<SafetensorsSource>> files, string config, CancellationToken cancellation)
    {
        using AtomicFolder copy = new(target);
        WeightFiles.Write(copy.Temporary, count, files.Select(f => (IReadOnlyList<SafetensorsSource>)[.. f.Select(Stoppable)]), ModelWriter.Metadata);
        foreach (string path in Directory.EnumerateFiles(folder).Where(p => Path.GetExtension(p) is ".json" or ".txt" or ".jinja"))
        {
            string name = Path.GetFileName(path);
            if (name != ModelWriter.ConfigFile && !name.EndsWith(".index.json", StringComparison.Ordinal))
            {
                AtomicFile.Copy(path, copy.Temporary(name));
            }
        }

        AtomicFile.WriteText(copy.Temporary(ModelWriter.ConfigFile), config);
        copy.Place();

        SafetensorsSource Stoppable(SafetensorsSource tensor) => tensor with
        {
            Write = stream =>
            {
                cancellation.ThrowIfCancellationRequested();
                tensor.Write(stream);
            },
        };
    }

    private delegate void RowUse(ReadOnlySpan<float> row, ReadOnlySpan<float> scales);
}
