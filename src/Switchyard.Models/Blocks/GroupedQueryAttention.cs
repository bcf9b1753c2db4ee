using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Causal attention in which groups of query heads share a key and value head (Ainslie et al. 2023), by torch's fused product, with optional RMS norms of queries and keys by head.</summary>
public sealed class GroupedQueryAttention : nn.Module<Tensor, Tensor>
{
    private readonly int _heads;
    private readonly int _keyValueHeads;
    private readonly int _headSize;
    private readonly RotaryEmbedding _rotary;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RmsNorm? _queryNorm;
    private readonly RmsNorm? _keyNorm;

    /// <summary>Makes the layer.</summary>
    /// <param name="options">The model's sizes.</param>
    /// <param name="rotary">Position embedding, shared by all layers and owned by the model.</param>
    public GroupedQueryAttention(MoeTransformerOptions options, RotaryEmbedding rotary)
        : base(nameof(GroupedQueryAttention))
    {
        _heads = options.Heads;
        _keyValueHeads = options.KeyValueHeads;
        _headSize = options.HeadSize;
        _rotary = rotary;
        _query = new Linear(options.HiddenSize, _heads * _headSize, deviation: options.InitialDeviation);
        _key = new Linear(options.HiddenSize, _keyValueHeads * _headSize, deviation: options.InitialDeviation);
        _value = new Linear(options.HiddenSize, _keyValueHeads * _headSize, deviation: options.InitialDeviation);
        _output = new Linear(_heads * _headSize, options.HiddenSize, deviation: options.InitialDeviation);
        register_module("q_proj", _query);
        register_module("k_proj", _key);
        register_module("v_proj", _value);
        register_module("o_proj", _output);
        if (options.QueryKeyNorm)
        {
            _queryNorm = new RmsNorm(_headSize, options.NormEpsilon);
            _keyNorm = new RmsNorm(_headSize, options.NormEpsilon);
            register_module("q_norm", _queryNorm);
            register_module("k_norm", _keyNorm);
        }
    }

    /// <summary>Attention over hidden states [B, N, d].</summary>
    public override Tensor forward(Tensor input)
    {
        Tensor query = _rotary.Apply(Heads(_query.forward(input), _heads, _queryNorm)).transpose(1, 2);
        Tensor key = _rotary.Apply(Heads(_key.forward(input), _keyValueHeads, _keyNorm)).transpose(1, 2);
        Tensor value = Heads(_value.forward(input), _keyValueHeads, null).transpose(1, 2);
        if (_keyValueHeads != _heads)
        {
            key = key.repeat_interleave(_heads / _keyValueHeads, 1);
            value = value.repeat_interleave(_heads / _keyValueHeads, 1);
        }

        Tensor mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_casual: true);
        return _output.forward(mixed.transpose(1, 2).reshape(input.size(0), input.size(1), _heads * _headSize));
    }

    /// <summary>[B, N, heads, D] of a product [B, N, heads · D].</summary>
    private Tensor Heads(Tensor x, int heads, RmsNorm? norm)
    {
        Tensor split = x.view(x.size(0), x.size(1), heads, _headSize);
        return norm is null ? split : norm.forward(split);
    }
}
