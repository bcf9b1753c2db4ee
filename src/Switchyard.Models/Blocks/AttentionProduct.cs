using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>softmax(Q·Kᵀ/√D)·V, where groups of query heads share a key and value head: by our kernels where every token sees itself and all before it, by torch's fused product under other masks.</summary>
internal static class AttentionProduct
{
    /// <summary>Mixes values.</summary>
    /// <param name="query">[B, heads, N, D].</param>
    /// <param name="key">[B, key heads, S, D].</param>
    /// <param name="value">[B, key heads, S, D'].</param>
    /// <param name="pass">Which tokens see which.</param>
    /// <param name="windowed">Whether the layer has the window of the pass.</param>
    /// <returns>[B, heads, N, D'].</returns>
    public static Tensor Run(Tensor query, Tensor key, Tensor value, AttentionPass pass, bool windowed)
    {
        long heads = query.size(1), groups = heads / key.size(1);
        Tensor? allowed = pass.Allowed(windowed);
        if (pass.IsCausal && allowed is null && query.size(2) > 1 && query.size(2) == key.size(2))
        {
            return DenseOperations.CausalAttention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)).transpose(1, 2);
        }

        if (groups > 1 && query.size(2) == 1)
        {
            // One new token: the heads of a group become rows, and keys and values are not copied.
            Tensor rows = query.reshape(query.size(0), key.size(1), groups, query.size(3));
            return Product(rows, key, value, allowed).reshape(query.size(0), heads, 1, value.size(3));
        }

        if (groups > 1)
        {
            key = key.repeat_interleave(groups, 1);
            value = value.repeat_interleave(groups, 1);
        }

        return Product(query, key, value, allowed);
    }

    private static Tensor Product(Tensor query, Tensor key, Tensor value, Tensor? allowed) =>
        nn.functional.scaled_dot_product_attention(query, key, value, attn_mask: allowed!, is_casual: false);
}
