namespace Switchyard.Models.Blocks;

/// <summary>Sizes of multi-head latent attention.</summary>
public sealed record LatentAttentionOptions
{
    /// <summary>Size of the latent that queries are made from (<c>q_lora_rank</c>); 0 where they come straight from the hidden state.</summary>
    public int QueryRank { get; init; }

    /// <summary>Size of the latent that keys and values are made from (<c>kv_lora_rank</c>).</summary>
    public required int KeyValueRank { get; init; }

    /// <summary>Size of the part of a query or key without position (<c>qk_nope_head_dim</c>).</summary>
    public required int PlainSize { get; init; }

    /// <summary>Size of the part that turns with the position, shared by all key heads (<c>qk_rope_head_dim</c>).</summary>
    public required int RotarySize { get; init; }

    /// <summary>Size of a value (<c>v_head_dim</c>).</summary>
    public required int ValueSize { get; init; }

    /// <summary>Whether the pairs that turn are neighbours (<c>rope_interleave</c>).</summary>
    public bool Interleaved { get; init; } = true;
}
