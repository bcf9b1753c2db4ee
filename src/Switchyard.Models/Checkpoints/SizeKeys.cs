using Switchyard.Models.Architectures;
using Switchyard.Selection;

namespace Switchyard.Models.Checkpoints;

/// <summary>Checks the sizes that keys of <c>config.json</c> give, and names the keys: options and modules check them as well, by the names that they have in code.</summary>
/// <param name="config">The file.</param>
/// <param name="architecture">Whose keys it has.</param>
internal sealed class SizeKeys(ConfigReader config, Architecture architecture)
{
    /// <summary>Checks what the keys of the architecture became.</summary>
    /// <exception cref="Files.CheckpointFormatException">A size is out of range, or two do not fit together.</exception>
    public void Check(MoeTransformerOptions options)
    {
        Positive("vocab_size", options.VocabularySize);
        Positive("hidden_size", options.HiddenSize);
        Positive("num_attention_heads", options.Heads);
        Positive("num_key_value_heads", options.KeyValueHeads);
        Positive("max_position_embeddings", options.SequenceLength);
        Positive("type_vocab_size", options.Encoder?.TokenTypes ?? 1);
        Refuse(options.Heads % options.KeyValueHeads != 0, $"num_key_value_heads is {options.KeyValueHeads}, which does not divide num_attention_heads, {options.Heads}");
        Refuse(options.ClipQueryKeyValue is <= 0, $"clip_qkv is {options.ClipQueryKeyValue}; it must be positive");
        Heads(options);
        Layers(options);
        if (Enumerable.Range(0, options.Layers).Any(options.IsMoe))
        {
            Experts(options);
        }
    }

    private void Heads(MoeTransformerOptions options)
    {
        if (options.LatentAttention is { } latent)
        {
            Positive("kv_lora_rank", latent.KeyValueRank);
            Positive("qk_nope_head_dim", latent.PlainSize);
            Positive("v_head_dim", latent.ValueSize);
            Refuse(latent.QueryRank < 0, $"q_lora_rank is {latent.QueryRank}; it must not be negative");
            Even("qk_rope_head_dim", latent.RotarySize);
        }
        else if (options.Encoder is null)
        {
            Even(config.Has("head_dim") ? "head_dim" : "hidden_size ÷ num_attention_heads", options.HeadSize);
        }

        void Even(string key, int value) => Refuse(value <= 0 || value % 2 != 0, $"{key} is {value}; it must be positive and even, since positions turn pairs of elements");
    }

    private void Layers(MoeTransformerOptions options)
    {
        int dense = Enumerable.Range(0, options.Layers).FirstOrDefault(i => !options.IsMoe(i), -1);
        Refuse(dense >= 0 && options.DenseInnerSize <= 0, $"intermediate_size is {options.DenseInnerSize}; it must be positive");
        Refuse(options.MoeEvery > options.Layers, $"decoder_sparse_step is {options.MoeEvery}, more than num_hidden_layers, {options.Layers}: no layer would be MoE");
        foreach (int layer in options.DenseLayers.Where(l => l < 0 || l >= options.Layers))
        {
            throw config.Error($"mlp_only_layers names layer {layer}; there are {options.Layers}, from 0");
        }

        foreach (int layer in (options.WindowLayers ?? []).Where(l => l < 0 || l >= options.Layers))
        {
            throw config.Error($"layer_types names layer {layer}; there are {options.Layers}, from 0");
        }
    }

    private void Experts(MoeTransformerOptions options)
    {
        string experts = architecture.ExpertsKey;
        const string chosen = "num_experts_per_tok";
        Positive(experts, options.Experts);
        Refuse(options.TopK <= 0 || options.TopK > options.Experts, $"{chosen} is {options.TopK}; with {experts} {options.Experts} it lies between 1 and {options.Experts}");
        Positive(architecture.InnerSizeKey, options.InnerSize);
        Refuse(options.SharedInnerSize < 0, $"shared_expert_intermediate_size is {options.SharedInnerSize}; it must not be negative");
        Refuse(options.Moe is { InputJitter: not (>= 0 and < 1) }, $"router_jitter_noise is {options.Moe?.InputJitter}; it lies in [0, 1)");
        if (options.Moe is { Routing.Selector: "sigmoid-group", Selector: { } selector })
        {
            Groups(options, selector, experts, chosen);
        }
    }

    private void Groups(MoeTransformerOptions options, SelectorOptions selector, string experts, string chosen)
    {
        (int groups, int kept) = (selector.Groups, selector.TopKGroup);
        Refuse(groups <= 0 || options.Experts % groups != 0, $"n_group is {groups}, which does not divide {experts}, {options.Experts}");
        Refuse(kept <= 0 || kept > groups, $"topk_group is {kept}; with n_group {groups} it lies between 1 and {groups}");
        Refuse(
            (long)kept * (options.Experts / groups) < options.TopK,
            $"topk_group is {kept}: so many groups hold {kept * (options.Experts / groups)} experts, fewer than {chosen}, {options.TopK}");
        Refuse(selector.Scale == 0, "routed_scaling_factor is 0; it must be another number");
    }

    private void Positive(string key, int value) => Refuse(value <= 0, $"{key} is {value}; it must be positive");

    private void Refuse(bool condition, string reason) => config.Refuse(condition, reason);
}
