using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>Tensors of a checkpoint, and where they are in memory: mapped, or read to other places.</summary>
/// <param name="checkpoint">The checkpoint.</param>
/// <param name="addressOf">The address of the tensor of a name.</param>
internal sealed class PlacedTensors(CheckpointTensors checkpoint, Func<string, nint> addressOf)
{
    /// <summary>Where they are mapped.</summary>
    public PlacedTensors(CheckpointTensors checkpoint)
        : this(checkpoint, name => checkpoint.FileOf(name).Address(name))
    {
    }

    /// <summary>The checkpoint.</summary>
    public CheckpointTensors Checkpoint => checkpoint;

    /// <summary>The entry of a tensor.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    public SafetensorsEntry Entry(string name) => checkpoint.Entry(name);

    /// <summary>Where a tensor is.</summary>
    public nint Address(string name) => addressOf(name);
}
