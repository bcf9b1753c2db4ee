using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): keys and values of all heads come from one small latent c a token, and only c and one turned key are cached. By our kernels where it is causal and nothing else.</summary>
/// <remarks>
/// r = key-value rank, p = plain size, o = rotary size, v = value size, H heads. c [B, N, r] = norm(W_a·x); K, V = W_b·c. While tokens follow cached ones the products are absorbed:
/// q·(W_k·c) = (W_kᵀ·q)·c, so that attention runs over the latents themselves and W_b is not applied to the whole past at every step.
/// </remarks>
public sealed class LatentAttention : Attention
{
    private const double LatentNormEpsilon = 1e-6; // not the model's: the published code leaves these two norms at their default
    private readonly LatentAttentionOptions _sizes;
    private readonly RotaryEmbedding _rotary;
    private readonly int _heads;
    private readonly int _layer;
    private readonly bool _windowed;
    private readonly double _logitFactor;
    private readonly Linear? _query;
    private readonly Linear? _queryDown;
    private readonly RmsNorm? _queryNorm;
    private readonly Linear? _queryUp;
    private readonly Linear _latent;
    private readonly RmsNorm _latentNorm;
    private readonly Linear _keyValue;
    private readonly Linear _output;

    /// <summary>Makes the attention of a layer.</summary>
    /// <param name="options">The model's sizes, with those of the latents.</param>
    /// <param name="rotary">Position embedding of the rotary part, shared by all layers and owned by the model.</param>
    /// <param name="layer">Index of the layer.</param>
    public LatentAttention(MoeTransformerOptions options, RotaryEmbedding rotary, int layer)
        : base(nameof(LatentAttention))
    {
        _sizes = options.LatentAttention!;
        _rotary = rotary;
        _heads = options.Heads;
        _layer = layer;
        _windowed = options.HasWindow(layer);
        _logitFactor = options.RotaryScaling?.LogitFactor ?? 1;
        int size = _sizes.PlainSize + _sizes.RotarySize;
        double deviation = options.DrawnDeviation;
        if (_sizes.QueryRank == 0)
        {
            _query = new Linear(options.HiddenSize, _heads * size, deviation: deviation);
            register_module("q_proj", _query);
        }
        else
        {
            _queryDown = new Linear(options.HiddenSize, _sizes.QueryRank, options.QueryKeyValueBias, deviation);
            _queryNorm = new RmsNorm(_sizes.QueryRank, LatentNormEpsilon);
            _queryUp = new Linear(_sizes.QueryRank, _heads * size, deviation: deviation);
            register_module("q_a_proj", _queryDown);
            register_module("q_a_layernorm", _queryNorm);
            register_module("q_b_proj", _queryUp);
        }

        _latent = new Linear(options.HiddenSize, _sizes.KeyValueRank + _sizes.RotarySize, options.QueryKeyValueBias, deviation);
        _latentNorm = new RmsNorm(_sizes.KeyValueRank, LatentNormEpsilon);
        _keyValue = new Linear(_sizes.KeyValueRank, _heads * (_sizes.PlainSize + _sizes.ValueSize), deviation: deviation) { CanKeep = false };
        _output = new Linear(_heads * _sizes.ValueSize, options.HiddenSize, options.AttentionOutputBias, deviation);
        register_module("kv_a_proj_with_mqa", _latent);
        register_module("kv_a_layernorm", _latentNorm);
        register_module("kv_b_proj", _keyValue);
        register_module("o_proj", _output);
    }

    /// <inheritdoc/>
    public override Tensor Run(Tensor input, AttentionPass pass)
    {
        long batch = input.size(0), tokens = input.size(1);
        ScalarType type = DenseOperations.AttentionType(input);
        Tensor query = (_query is null ? _queryUp!.forward(_queryNorm!.forward(_queryDown!.forward(input))) : _query.forward(input))
            .to(type).view(batch, tokens, _heads, _sizes.PlainSize + _sizes.RotarySize);
        query = _logitFactor == 1 ? query : query * Held(_logitFactor);
        Tensor plain = query.narrow(-1, 0, _sizes.PlainSize).transpose(1, 2);
        Tensor turned = Turn(query.narrow(-1, _sizes.PlainSize, _sizes.RotarySize), pass).transpose(1, 2);

        Tensor both = _latent.forward(input).to(type);
        Tensor latent = _latentNorm.forward(both.narrow(-1, 0, _sizes.KeyValueRank)).unsqueeze(1);
        Tensor key = Turn(both.narrow(-1, _sizes.KeyValueRank, _sizes.RotarySize).unsqueeze(2), pass).transpose(1, 2);
        Tensor? cached = pass.Cache?.Keys(_layer, cat([latent, key], -1));
        Tensor mixed = pass.Start > 0 ? Absorbed(plain, turned, cached!, pass) : Expanded(plain, turned, latent, key, pass);
        return _output.forward(mixed.transpose(1, 2).reshape(batch, tokens, _heads * _sizes.ValueSize).to(input.dtype));
    }

    /// <summary>Keys and values written out.</summary>
    /// <param name="plain">[B, H, N, p].</param>
    /// <param name="turned">[B, H, N, o].</param>
    /// <param name="latent">[B, 1, N, r].</param>
    /// <param name="key">[B, 1, N, o].</param>
    /// <param name="pass">Which tokens see which.</param>
    /// <returns>[B, H, N, v].</returns>
    private Tensor Expanded(Tensor plain, Tensor turned, Tensor latent, Tensor key, AttentionPass pass)
    {
        long batch = latent.size(0), tokens = latent.size(2);
        Tensor keyValue = _keyValue.forward(latent.squeeze(1)).view(batch, tokens, _heads, _sizes.PlainSize + _sizes.ValueSize).transpose(1, 2);
        Tensor keys = cat([keyValue.narrow(-1, 0, _sizes.PlainSize), key.expand(batch, _heads, tokens, _sizes.RotarySize)], -1);
        Tensor values = keyValue.narrow(-1, _sizes.PlainSize, _sizes.ValueSize);
        return AttentionProduct.Run(cat([plain, turned], -1), keys, values, pass, _windowed);
    }

    /// <summary>Attention over cached latents [B, 1, S, r + o].</summary>
    private Tensor Absorbed(Tensor plain, Tensor turned, Tensor cached, AttentionPass pass)
    {
        Tensor weight = _keyValue.Weight.to(plain.dtype).view(_heads, _sizes.PlainSize + _sizes.ValueSize, _sizes.KeyValueRank);
        Tensor ofKeys = weight.narrow(1, 0, _sizes.PlainSize);
        Tensor ofValues = weight.narrow(1, _sizes.PlainSize, _sizes.ValueSize);

        // torch divides by the root of the size that it sees, r + o, instead of that of the model's heads, p + o.
        double scale = Math.Sqrt((double)(_sizes.KeyValueRank + _sizes.RotarySize) / (_sizes.PlainSize + _sizes.RotarySize));
        Tensor query = cat([plain.matmul(ofKeys), turned], -1) * Held(scale);
        Tensor mixed = AttentionProduct.Run(query, cached, cached.narrow(-1, 0, _sizes.KeyValueRank), pass, _windowed);
        return mixed.matmul(ofValues.transpose(1, 2));
    }

    private Tensor Turn(Tensor x, AttentionPass pass) => _sizes.Interleaved ? _rotary.ApplyInterleaved(x, pass.Start) : _rotary.Apply(x, pass.Start);
}
