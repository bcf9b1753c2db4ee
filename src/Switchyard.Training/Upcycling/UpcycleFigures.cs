using Switchyard.Models.Checkpoints;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Upcycling;

/// <summary>A model's size, and its loss on text where there was one.</summary>
public sealed record UpcycleFigures
{
    /// <summary><c>model_type</c> of its configuration.</summary>
    public required string Architecture { get; init; }

    /// <summary>All parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters that one token uses.</summary>
    public required long ActiveParameters { get; init; }

    /// <summary>Bytes of all tensors as they are stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>Layers with experts.</summary>
    public required int MoeLayers { get; init; }

    /// <summary>Nats a token; null where no text was judged.</summary>
    public double? Loss { get; init; }

    /// <summary>exp(loss); null where no text was judged.</summary>
    public double? Perplexity => Loss is { } loss ? Math.Exp(loss) : null;

    internal static UpcycleFigures Of(CheckpointDescription checkpoint, Evaluation? judged) => new()
    {
        Architecture = checkpoint.Architecture,
        Parameters = checkpoint.Parameters,
        ActiveParameters = checkpoint.ActiveParameters ?? checkpoint.Parameters,
        Bytes = checkpoint.Bytes,
        MoeLayers = checkpoint.Moe?.MoeLayers.Count ?? 0,
        Loss = judged?.Loss,
    };
}
