using Switchyard.Models.Files;

namespace Switchyard.Fuzz.Targets;

/// <summary>A reader of files, and damaged files for it: each is read, or refused with a reason, and nothing else happens.</summary>
internal abstract class FuzzTarget
{
    /// <summary>All targets by name; each is made with a folder of its own, which is there.</summary>
    public static IReadOnlyDictionary<string, Func<string, FuzzTarget>> All { get; } = new SortedDictionary<string, Func<string, FuzzTarget>>(StringComparer.Ordinal)
    {
        ["safetensors"] = folder => new SafetensorsTarget(folder),
        ["tokenizer.json"] = folder => new TokenizerTarget(folder),
        ["config.json"] = folder => new CheckpointTarget(folder, "config.json"),
        ["generation_config.json"] = folder => new CheckpointTarget(folder, "generation_config.json"),
        ["model.safetensors.index.json"] = folder => new CheckpointTarget(folder, "model.safetensors.index.json"),
    };

    /// <summary>A valid file with a few changes.</summary>
    public abstract byte[] Mutated(Random random);

    /// <summary>Whether a file was read; if not, it was refused with a reason. Whatever else happens comes out as an exception.</summary>
    public bool Reads(byte[] file)
    {
        try
        {
            Read(file);
            return true;
        }
        catch (CheckpointFormatException e) when (e.Reason.Length > 0)
        {
            return false;
        }
    }

    protected abstract void Read(byte[] file);
}
