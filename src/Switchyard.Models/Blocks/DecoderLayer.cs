using Switchyard.Experts;
using Switchyard.Metrics;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>x + attention(norm(x)), then x + FFN(norm(x)), where the FFN is an MoE layer or dense.</summary>
public sealed class DecoderLayer : nn.Module
{
    private readonly RmsNorm _attentionNorm;
    private readonly GroupedQueryAttention _attention;
    private readonly RmsNorm _feedForwardNorm;
    private readonly DenseFeedForward? _dense;

    /// <summary>Makes the layer.</summary>
    /// <param name="options">The model's sizes.</param>
    /// <param name="layer">Its index.</param>
    /// <param name="rotary">Position embedding, owned by the model.</param>
    public DecoderLayer(MoeTransformerOptions options, int layer, RotaryEmbedding rotary)
        : base(nameof(DecoderLayer))
    {
        _attentionNorm = new RmsNorm(options.HiddenSize, options.NormEpsilon);
        _attention = new GroupedQueryAttention(options, rotary);
        _feedForwardNorm = new RmsNorm(options.HiddenSize, options.NormEpsilon);
        register_module("input_layernorm", _attentionNorm);
        register_module("self_attn", _attention);
        register_module("post_attention_layernorm", _feedForwardNorm);
        if (options.IsMoe(layer))
        {
            Moe = new MoeLayer(options.MoeLayer(layer));
            register_module("mlp", Moe);
        }
        else
        {
            _dense = new DenseFeedForward(options.HiddenSize, options.DenseInnerSize, options.Activation);
            register_module("mlp", _dense);
        }
    }

    /// <summary>The MoE layer; null where the FFN is dense.</summary>
    public MoeLayer? Moe { get; }

    /// <summary>Hidden states after the layer, and what the MoE layer said.</summary>
    /// <param name="hidden">Residual stream [B, N, d].</param>
    /// <param name="computeType">Type of the products; the residual stream keeps its own.</param>
    /// <param name="context">What routers may know of the tokens.</param>
    /// <param name="observer">Listens to the routing.</param>
    public (Tensor Hidden, MoeLayerOutput? Moe) Run(Tensor hidden, ScalarType computeType, RoutingContext context, IRoutingObserver? observer)
    {
        Tensor attended = hidden + _attention.forward(_attentionNorm.Run(hidden, computeType));
        Tensor normed = _feedForwardNorm.Run(attended, computeType);
        if (Moe is null)
        {
            return (attended + _dense!.forward(normed), null);
        }

        MoeLayerOutput output = Moe.Run(normed, context, observer);
        return (attended + output.Output, output);
    }
}
