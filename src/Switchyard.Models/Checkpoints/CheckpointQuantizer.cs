using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes a copy of a checkpoint whose experts, routed and shared, are integers of 8 or 4 bits by group, rounded to the nearest. Routers, norms, attention, embeddings and head stay as they are, byte for byte.</summary>
public static class CheckpointQuantizer
{
    private const string Quantization = "quantization_config";
    private const string Suffix = ".weight";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the copy; rows are rounded as they are written, so that memory stays small.</summary>
    /// <param name="source">The folder of a model, or of a repository in a hub cache.</param>
    /// <param name="target">The folder to write; it must not be there.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="group">Values along the input that share a scale, such as 32 or 128; even.</param>
    /// <returns>Bytes of the experts' weights before and after.</returns>
    /// <exception cref="CheckpointFormatException">The checkpoint is damaged, quantized already, or has no experts that can be rounded.</exception>
    /// <exception cref="IOException">The target is there already, or cannot be written.</exception>
    public static (long Before, long After) Write(string source, string target, int bits, int group)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(group);
        if (bits is not (4 or 8) || group % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(bits), $"{bits} bits in groups of {group}; 4 or 8 bits and an even group are written");
        }

        target = AtomicFolder.RequireNew(target);

        string folder = HubFolder.Resolve(source);
        ConfigReader config = new(Path.Combine(folder, ModelWriter.ConfigFile));
        config.Refuse(config.Has(Quantization), "the model is quantized already");
        _ = ModelArchitectures.Of(config);
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        HashSet<string> chosen = [.. tensors.Names.Where(n => IsExpert(n) && Rounds(tensors, n, bits))];
        if (chosen.Count == 0)
        {
            throw new CheckpointFormatException(tensors.Path, null, "no matrix of an expert can be rounded: there are none, or they are fused, or no floating-point numbers.");
        }

        long before = chosen.Sum(n => tensors.Entry(n).ByteLength), after = 0;
        List<SafetensorsSource> sources = [];
        foreach (string name in tensors.Names)
        {
            sources.AddRange(chosen.Contains(name) ? Rounded(tensors, name, bits, group) : [SafetensorsSource.Of(tensors.FileOf(name), name)]);
            after += chosen.Contains(name) ? sources[^2].Shape.Aggregate(1L, (a, b) => a * b) + (sources[^1].Shape.Aggregate(1L, (a, b) => a * b) * sizeof(float)) : 0;
        }

        JsonObject json = config.ToJson();
        json[Quantization] = new JsonObject { ["quant_method"] = IntegerWeights.Method, ["bits"] = bits, ["group_size"] = group, ["sym"] = true };
        WriteFolder(folder, target, sources, json.ToJsonString(Indented) + "\n");
        return (before, after);
    }

    private static bool IsExpert(string name) => name.EndsWith(Suffix, StringComparison.Ordinal)
        && (name.Contains(".experts.", StringComparison.Ordinal) || name.Contains(".shared_expert.", StringComparison.Ordinal) || name.Contains(".shared_experts.", StringComparison.Ordinal));

    private static bool Rounds(CheckpointTensors tensors, string name, int bits) =>
        tensors.Entry(name) is { Shape: [_, long columns] } entry && PlainWeights.Reads(entry.Type) && (bits == 8 || columns % 2 == 0);

    private static SafetensorsSource[] Rounded(CheckpointTensors tensors, string name, int bits, int group)
    {
        SafetensorsEntry entry = tensors.Entry(name);
        (int rows, int columns) = (checked((int)entry.Shape[0]), checked((int)entry.Shape[1]));
        int groups = (columns + group - 1) / group, width = bits == 4 ? columns / 2 : columns;
        (string codes, string scales) = IntegerWeights.NamesOf(name[..^Suffix.Length]);
        return
        [
            new SafetensorsSource(codes, bits == 4 ? SafetensorsType.U8 : SafetensorsType.I8, [rows, width], stream => ForEachRow((row, scale) =>
            {
                Span<byte> line = new byte[width];
                GroupRounding.Codes(row, bits, group, scale, line);
                stream.Write(line);
            })),
            new SafetensorsSource(scales, SafetensorsType.F32, [rows, groups], stream => ForEachRow((_, scale) => stream.Write(MemoryMarshal.AsBytes(scale)))),
        ];

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
    internal static void WriteFolder(string folder, string target, List<SafetensorsSource> sources, string config)
    {
        using AtomicFolder copy = new(target);
        SafetensorsWriter.Write(copy.Temporary(CheckpointTensors.WeightsFile), sources, ModelWriter.Metadata);
        foreach (string path in Directory.EnumerateFiles(folder).Where(p => Path.GetExtension(p) is ".json" or ".txt" or ".jinja"))
        {
            string name = Path.GetFileName(path);
            if (name != ModelWriter.ConfigFile && !name.EndsWith(".index.json", StringComparison.Ordinal))
            {
                File.Copy(path, copy.Temporary(name));
            }
        }

        AtomicFile.WriteText(copy.Temporary(ModelWriter.ConfigFile), config);
        copy.Place();
    }

    private delegate void RowUse(ReadOnlySpan<float> row, ReadOnlySpan<float> scales);
}
