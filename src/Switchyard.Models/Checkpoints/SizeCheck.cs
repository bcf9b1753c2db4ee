using Switchyard.Models.Files;
using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>Compares the sizes that <c>config.json</c> claims with the weights before anything of those sizes is made.</summary>
internal static class SizeCheck
{
    /// <summary>Compares.</summary>
    /// <exception cref="CheckpointFormatException">A tensor is missing or of another shape.</exception>
    public static void Run(WeightReader weights, TensorNames names, MoeTransformerOptions options)
    {
        CheckpointTensors tensors = weights.Checkpoint;
        foreach ((string name, long[] shape) in Claims(options, n => tensors.Has(names.Of(n)) || tensors.Has(n)))
        {
            string stored = names.Of(name);
            IReadOnlyList<long> found = weights.Shape(stored);
            if (!found.SequenceEqual(shape))
            {
                throw new CheckpointFormatException(tensors.FileOf(weights.Tensors(stored).First()).Path, stored, $"its shape is [{string.Join(", ", found)}]; config.json says [{string.Join(", ", shape)}].");
            }
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> Claims(MoeTransformerOptions options, Func<string, bool> has)
    {
        long hidden = options.HiddenSize;
        string layer = $"model.layers.{options.Layers - 1}.";
        yield return ("model.embed_tokens.weight", [options.VocabularySize, hidden]);
        foreach ((string, long[]) claim in OfAttention(options, layer + "self_attn."))
        {
            yield return claim;
        }

        if (options.Encoder is { } encoder)
        {
            yield return ("model.embeddings.position_embeddings.weight", [options.SequenceLength, hidden]);
            yield return ("model.embeddings.token_type_embeddings.weight", [encoder.TokenTypes, hidden]);
        }

        int dense = Enumerable.Range(0, options.Layers).FirstOrDefault(i => !options.IsMoe(i), -1);
        if (dense >= 0)
        {
            yield return ($"model.layers.{dense}.mlp.down_proj.weight", [hidden, options.DenseInnerSize]);
        }

        int moe = Enumerable.Range(0, options.Layers).LastOrDefault(options.IsMoe, -1);
        if (moe >= 0)
        {
            string experts = ModelTensors.ExpertsPrefix(moe);
            if (!has(experts + "down_proj"))
            {
                yield return ($"{experts}{options.Experts - 1}.down_proj.weight", [hidden, options.InnerSize]);
            }

            if (options.SharedInnerSize > 0)
            {
                yield return ($"model.layers.{moe}.mlp.shared_expert.down_proj.weight", [hidden, options.SharedInnerSize]);
            }
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> OfAttention(MoeTransformerOptions options, string prefix)
    {
        long heads = options.Heads, hidden = options.HiddenSize;
        if (options.LatentAttention is not { } latent)
        {
            yield return (prefix + "q_proj.weight", [heads * options.HeadSize, hidden]);
            yield return (prefix + "k_proj.weight", [(long)options.KeyValueHeads * options.HeadSize, hidden]);
            yield break;
        }

        long size = (long)latent.PlainSize + latent.RotarySize;
        yield return latent.QueryRank == 0 ? (prefix + "q_proj.weight", [heads * size, hidden]) : (prefix + "q_b_proj.weight", [heads * size, latent.QueryRank]);
        yield return (prefix + "kv_a_proj_with_mqa.weight", [(long)latent.KeyValueRank + latent.RotarySize, hidden]);
        yield return (prefix + "kv_b_proj.weight", [heads * ((long)latent.PlainSize + latent.ValueSize), latent.KeyValueRank]);
    }
}
