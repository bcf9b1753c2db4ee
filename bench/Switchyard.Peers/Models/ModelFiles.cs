using Switchyard.Models.Checkpoints;
using Switchyard.Peers.Weights;

namespace Switchyard.Peers.Models;

/// <summary>The random model on disk: in bf16, and for one type of weights at a time the checkpoint and the GGUF file.</summary>
/// <param name="model">The model.</param>
/// <param name="folder">Where the files are; those that are there are taken as they are.</param>
/// <param name="denseAsExperts">Whether the GGUF file has attention, embeddings and head in the type of the experts, as llama.cpp's own converter writes them, or in bf16, as our checkpoints have them.</param>
internal sealed class ModelFiles(RandomModel model, string folder, bool denseAsExperts)
{
    private string Source => Path.Combine(folder, "bf16");

    /// <summary>The checkpoint of a type, made where it is not there.</summary>
    /// <param name="type"><c>bf16</c>, <c>int8</c> or <c>int4</c>.</param>
    public string Checkpoint(string type)
    {
        if (!Directory.Exists(Source))
        {
            Console.Error.WriteLine($"writing {Source}");
            string unfinished = Source + ".part";
            model.Write(unfinished);
            Directory.Move(unfinished, Source);
        }

        string target = Path.Combine(folder, type);
        if (!Directory.Exists(target))
        {
            Console.Error.WriteLine($"writing {target}");
            CheckpointQuantizer.Write(Source, target, type is "int8" ? 8 : 4, GgufBlocks.Values);
        }

        return target;
    }

    /// <summary>The GGUF file of a type, made where it is not there.</summary>
    /// <param name="type"><c>bf16</c>, <c>int8</c> or <c>int4</c>.</param>
    public string Gguf(string type)
    {
        GgufType experts = type switch { "int8" => GgufType.Q8_0, "int4" => GgufType.Q4_0, _ => GgufType.BF16 };
        GgufType dense = denseAsExperts ? experts : GgufType.BF16;
        string path = Path.Combine(folder, $"{type}-{dense}.gguf");
        if (!File.Exists(path))
        {
            Console.Error.WriteLine($"writing {path}");
            string unfinished = path + ".part";
            GgufConversion.Write(model, Checkpoint(type), unfinished, experts, dense);
            File.Move(unfinished, path);
        }

        return path;
    }

    /// <summary>Deletes what one type alone needs.</summary>
    public void Delete(string type)
    {
        File.Delete(Gguf(type));
        if (type is not "bf16")
        {
            Directory.Delete(Path.Combine(folder, type), recursive: true);
        }
    }

    /// <summary>Deletes the model in bf16.</summary>
    public void DeleteSource() => Directory.Delete(Source, recursive: true);
}
