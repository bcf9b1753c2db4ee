using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Attention in which groups of query heads share a key and value head (Ainslie et al. 2023), by our kernels where it is causal and nothing else, with optional biases, clipping, and RMS norms of queries and keys by head or over all heads.</summary>
public sealed class GroupedQueryAttention : Attention
{
    private readonly int _heads;
    private readonly int _keyValueHeads;
    private readonly int _headSize;
    private readonly int _layer;
    private readonly bool _windowed;
    private readonly bool _normAcrossHeads;
    private readonly double? _clip;
    private readonly RotaryEmbedding? _rotary;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RmsNorm? _queryNorm;
    private readonly RmsNorm? _keyNorm;

    /// <summary>Makes the attention of a layer.</summary>
    /// <param name="options">The model's sizes.</param>
    /// <param name="rotary">Position embedding, shared by all layers and owned by the model; null where positions are in the embedding.</param>
    /// <param name="layer">Index of the layer.</param>
    public GroupedQueryAttention(MoeTransformerOptions options, RotaryEmbedding? rotary, int layer = 0)
        : base(nameof(GroupedQueryAttention))
    {
        _heads = options.Heads;
        _keyValueHeads = options.KeyValueHeads;
        _headSize = options.HeadSize;
        _layer = layer;
        _windowed = options.HasWindow(layer);
        _clip = options.ClipQueryKeyValue;
        _rotary = rotary;
        _query = new Linear(options.HiddenSize, _heads * _headSize, options.QueryKeyValueBias, options.DrawnDeviation);
        _key = new Linear(options.HiddenSize, _keyValueHeads * _headSize, options.QueryKeyValueBias, options.DrawnDeviation);
        _value = new Linear(options.HiddenSize, _keyValueHeads * _headSize, options.QueryKeyValueBias, options.DrawnDeviation);
        _output = new Linear(_heads * _headSize, options.HiddenSize, options.AttentionOutputBias, options.DrawnDeviation);
        register_module("q_proj", _query);
        register_module("k_proj", _key);
        register_module("v_proj", _value);
        register_module("o_proj", _output);
        if (options.QueryKeyNorm)
        {
            _normAcrossHeads = options.QueryKeyNormAcrossHeads;
            _queryNorm = new RmsNorm(_normAcrossHeads ? _heads * _headSize : _headSize, options.NormEpsilon);
            _keyNorm = new RmsNorm(_normAcrossHeads ? _keyValueHeads * _headSize : _headSize, options.NormEpsilon);
            register_module("q_norm", _queryNorm);
            register_module("k_norm", _keyNorm);
        }
    }

    /// <inheritdoc/>
    public override Tensor Run(Tensor input, AttentionPass pass)
    {
        Tensor query = Turned(Heads(_query.forward(input), _heads, _queryNorm), pass).transpose(1, 2);
        Tensor key = Turned(Heads(_key.forward(input), _keyValueHeads, _keyNorm), pass).transpose(1, 2);
        Tensor value = Heads(_value.forward(input), _keyValueHeads, null).transpose(1, 2);
        if (pass.Cache is { } cache)
        {
            key = cache.Keys(_layer, key);
            value = cache.Values(_layer, value);
        }

        Tensor mixed = AttentionProduct.Run(query, key, value, pass, _windowed);
        return _output.forward(mixed.transpose(1, 2).reshape(input.size(0), input.size(1), _heads * _headSize).to(input.dtype));
    }

    private Tensor Turned(Tensor heads, AttentionPass pass) => _rotary is null ? heads : _rotary.Apply(heads, pass.Start);

    /// <summary>[B, N, heads, D] of a product [B, N, heads · D], in the type of attention.</summary>
    private Tensor Heads(Tensor product, int heads, RmsNorm? norm)
    {
        Tensor x = product.to(DenseOperations.AttentionType(product));
        Tensor whole = norm is not null && _normAcrossHeads ? norm.forward(x) : x;
        Tensor clipped = _clip is { } clip ? whole.clamp(Held(-clip), Held(clip)) : whole;
        Tensor split = clipped.view(x.size(0), x.size(1), heads, _headSize);
        return norm is null || _normAcrossHeads ? split : norm.forward(split);
    }
}
