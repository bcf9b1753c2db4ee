using Switchyard.Experts;

namespace Switchyard.Models.Checkpoints;

/// <summary>Names, as <c>qwen3_moe</c> has them, and shapes of all tensors of a model but its routed experts and what is routed by, found out from its options alone: torch is not loaded, and nothing of those sizes is made.</summary>
internal static class ModelShapes
{
    private const string Weight = ".weight";
    private const string Bias = ".bias";

    public static IEnumerable<(string Name, long[] Shape)> Of(MoeTransformerOptions options)
    {
        long hidden = options.HiddenSize;
        bool encoder = options.Encoder is not null;
        IEnumerable<(string, long[])> all = One("model.embed_tokens.weight", options.VocabularySize, hidden);
        if (options.Encoder is { } parts)
        {
            all = all.Concat(One("model.embeddings.position_embeddings.weight", options.SequenceLength, hidden))
                .Concat(One("model.embeddings.token_type_embeddings.weight", parts.TokenTypes, hidden))
                .Concat(Norm("model.embeddings.norm", hidden, encoder));
        }

        all = all.Concat(Enumerable.Range(0, options.Layers).SelectMany(i => OfLayer(options, i)));
        if (options.Encoder is { } head)
        {
            IEnumerable<(string, long[])> masked = Linear("lm_head.transform", hidden, hidden, bias: true).Concat(Norm("lm_head.norm", hidden, encoder)).Concat(One("lm_head.bias", options.VocabularySize));
            return all.Concat(head.Pooler ? Linear("model.pooler", hidden, hidden, bias: true) : []).Concat(head.MaskedLanguageHead ? masked : []);
        }

        return all.Concat(Norm("model.norm", hidden, encoder)).Concat(options.TiedHead ? [] : One("lm_head.weight", options.VocabularySize, hidden));
    }

    private static IEnumerable<(string Name, long[] Shape)> OfLayer(MoeTransformerOptions options, int layer)
    {
        string prefix = $"model.layers.{layer}.";
        bool encoder = options.Encoder is not null;
        IEnumerable<(string, long[])> feedForward = !options.IsMoe(layer) ? FeedForward(prefix + "mlp.", options, options.DenseInnerSize, encoder)
            : options.SharedInnerSize == 0 ? []
            : FeedForward(ModelTensors.SharedPrefix(layer), options, options.SharedInnerSize, bias: false)
                .Concat(options.SharedGate ? One(prefix + "mlp.shared_expert_gate.weight", 1, options.HiddenSize) : []);
        return Norm(prefix + "input_layernorm", options.HiddenSize, encoder)
            .Concat(options.LatentAttention is null ? Attention(prefix + "self_attn.", options) : LatentAttention(prefix + "self_attn.", options))
            .Concat(Norm(prefix + "post_attention_layernorm", options.HiddenSize, encoder))
            .Concat(feedForward);
    }

    private static IEnumerable<(string Name, long[] Shape)> Attention(string prefix, MoeTransformerOptions options)
    {
        long queries = (long)options.Heads * options.HeadSize, keys = (long)options.KeyValueHeads * options.HeadSize, hidden = options.HiddenSize;
        IEnumerable<(string, long[])> products = Linear(prefix + "q_proj", queries, hidden, options.QueryKeyValueBias)
            .Concat(Linear(prefix + "k_proj", keys, hidden, options.QueryKeyValueBias))
            .Concat(Linear(prefix + "v_proj", keys, hidden, options.QueryKeyValueBias))
            .Concat(Linear(prefix + "o_proj", hidden, queries, options.AttentionOutputBias));
        return !options.QueryKeyNorm ? products : products
            .Concat(One(prefix + "q_norm.weight", options.QueryKeyNormAcrossHeads ? queries : options.HeadSize))
            .Concat(One(prefix + "k_norm.weight", options.QueryKeyNormAcrossHeads ? keys : options.HeadSize));
    }

    private static IEnumerable<(string Name, long[] Shape)> LatentAttention(string prefix, MoeTransformerOptions options)
    {
        Blocks.LatentAttentionOptions sizes = options.LatentAttention!;
        long heads = options.Heads, hidden = options.HiddenSize, size = (long)sizes.PlainSize + sizes.RotarySize;
        IEnumerable<(string, long[])> queries = sizes.QueryRank == 0
            ? Linear(prefix + "q_proj", heads * size, hidden)
            : Linear(prefix + "q_a_proj", sizes.QueryRank, hidden, options.QueryKeyValueBias)
                .Concat(One(prefix + "q_a_layernorm.weight", sizes.QueryRank))
                .Concat(Linear(prefix + "q_b_proj", heads * size, sizes.QueryRank));
        return queries
            .Concat(Linear(prefix + "kv_a_proj_with_mqa", (long)sizes.KeyValueRank + sizes.RotarySize, hidden, options.QueryKeyValueBias))
            .Concat(One(prefix + "kv_a_layernorm.weight", sizes.KeyValueRank))
            .Concat(Linear(prefix + "kv_b_proj", heads * ((long)sizes.PlainSize + sizes.ValueSize), sizes.KeyValueRank))
            .Concat(Linear(prefix + "o_proj", hidden, heads * sizes.ValueSize, options.AttentionOutputBias));
    }

    /// <summary>An FFN: gate where it has one, up, down.</summary>
    private static IEnumerable<(string Name, long[] Shape)> FeedForward(string prefix, MoeTransformerOptions options, long inner, bool bias) =>
        (options.Activation == ExpertActivation.SwiGlu ? Linear(prefix + "gate_proj", inner, options.HiddenSize, bias) : [])
            .Concat(Linear(prefix + "up_proj", inner, options.HiddenSize, bias))
            .Concat(Linear(prefix + "down_proj", options.HiddenSize, inner, bias));

    private static IEnumerable<(string Name, long[] Shape)> Linear(string stem, long rows, long columns, bool bias = false) =>
        bias ? [(stem + Weight, [rows, columns]), (stem + Bias, [rows])] : One(stem + Weight, rows, columns);

    private static IEnumerable<(string Name, long[] Shape)> Norm(string stem, long size, bool bias) =>
        bias ? [(stem + Weight, [size]), (stem + Bias, [size])] : One(stem + Weight, size);

    private static IEnumerable<(string Name, long[] Shape)> One(string name, params long[] shape) => [(name, shape)];
}
