namespace Switchyard.Peers.Models;

/// <summary>One type of weights through both.</summary>
internal sealed record ModelRow
{
    /// <summary><c>bf16</c>, <c>int8</c> or <c>int4</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Type of attention, embeddings and head in the GGUF file.</summary>
    public required string PeerDense { get; init; }

    /// <summary>Milliseconds until the model is open, files in the page cache.</summary>
    public required Figure Open { get; init; }

    /// <summary>Resident memory after the prompts, 10⁶ bytes; of a mapped checkpoint what was touched.</summary>
    public required Figure Megabytes { get; init; }

    /// <summary>Tokens a second of the prompt.</summary>
    public required Figure Prompt { get; init; }

    /// <summary>Tokens a second, one by one, after the prompt.</summary>
    public required Figure Decode { get; init; }

    /// <summary>‖ours − peer's‖ ÷ ‖peer's‖ of the logits after a prompt.</summary>
    public required double LogitDifference { get; init; }

    /// <summary>Whether the likeliest token is the same.</summary>
    public required bool SameToken { get; init; }

    /// <summary>What both run on.</summary>
    public required IReadOnlyList<string> Engines { get; init; }
}
