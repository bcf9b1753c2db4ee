using System.Text.Json.Nodes;

namespace Switchyard.Models.Files;

/// <summary>Writes the weights of a checkpoint: one file, or several and their index.</summary>
internal static class WeightFiles
{
    /// <summary>Writes them in order; the tensors of a file are asked for when its turn comes.</summary>
    /// <param name="pathOf">Where a file of a name is written.</param>
    /// <param name="count">Files there will be.</param>
    /// <param name="files">The tensors of each.</param>
    /// <param name="metadata">The <c>__metadata__</c> of each.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(Func<string, string> pathOf, int count, IEnumerable<IReadOnlyList<SafetensorsSource>> files, IReadOnlyDictionary<string, string>? metadata)
    {
        JsonObject map = [];
        long bytes = 0;
        foreach ((int index, IReadOnlyList<SafetensorsSource> tensors) in files.Index())
        {
            string name = count == 1 ? CheckpointTensors.WeightsFile : $"model-{index + 1:00000}-of-{count:00000}.safetensors";
            SafetensorsWriter.Write(pathOf(name), tensors, metadata);
            foreach (SafetensorsSource tensor in tensors)
            {
                map[tensor.Name] = name;
                bytes += tensor.Type.ElementSize * tensor.Shape.Aggregate(1L, (a, b) => a * b);
            }
        }

        if (count > 1)
        {
            JsonObject index = new() { ["metadata"] = new JsonObject { ["total_size"] = bytes }, ["weight_map"] = map };
            AtomicFile.WriteText(pathOf(CheckpointTensors.IndexFile), index.ToJsonString(new() { WriteIndented = true }) + "\n");
        }
    }
}
