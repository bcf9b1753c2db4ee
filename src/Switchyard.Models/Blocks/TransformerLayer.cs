using Switchyard.Balancing;
using Switchyard.Experts;
using Switchyard.Metrics;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>x + attention(norm(x)), then x + FFN(norm(x)), where the FFN is an MoE layer or dense; in an encoder norm(x + attention(x)), then norm(x + FFN(x)).</summary>
public sealed class TransformerLayer : nn.Module
{
    private readonly bool _normsSums;
    private readonly Norm _attentionNorm;
    private readonly Attention _attention;
    private readonly Norm _feedForwardNorm;
    private readonly DenseFeedForward? _dense;

    /// <summary>Makes the layer.</summary>
    /// <param name="options">The model's sizes.</param>
    /// <param name="layer">Its index.</param>
    /// <param name="rotary">Position embedding, owned by the model; null where positions are in the embedding.</param>
    /// <param name="storedExperts">Frozen experts of a layer in the form in which they are stored; null for parameters.</param>
    internal TransformerLayer(MoeTransformerOptions options, int layer, RotaryEmbedding? rotary, Func<int, StoredExperts?> storedExperts)
        : base(nameof(TransformerLayer))
    {
        _normsSums = options.Encoder is not null;
        _attentionNorm = Norm.Of(options, options.HiddenSize);
        _attention = options.LatentAttention is null ? new GroupedQueryAttention(options, rotary, layer) : new LatentAttention(options, rotary!, layer);
        _feedForwardNorm = Norm.Of(options, options.HiddenSize);
        register_module("input_layernorm", _attentionNorm);
        register_module("self_attn", _attention);
        register_module("post_attention_layernorm", _feedForwardNorm);
        if (options.IsMoe(layer))
        {
            Moe = new MoeLayer(options.MoeLayer(layer), storedExperts: storedExperts(layer));
            register_module("mlp", Moe);
        }
        else
        {
            _dense = new DenseFeedForward(options.HiddenSize, options.DenseInnerSize, options.Activation, bias: options.Encoder is not null, options.DrawnDeviation);
            register_module("mlp", _dense);
        }
    }

    /// <summary>The MoE layer; null where the FFN is dense.</summary>
    public MoeLayer? Moe { get; }

    /// <summary>Hidden states after the layer, and what the MoE layer said.</summary>
    /// <param name="hidden">Residual stream [B, N, d].</param>
    /// <param name="computeType">Type of the products; the residual stream keeps its own.</param>
    /// <param name="pass">Where the tokens stand and which see which.</param>
    /// <param name="context">What routers may know of the tokens.</param>
    /// <param name="observer">Listens to the routing.</param>
    /// <remarks>What lies between is let go; the graph keeps what its backward needs.</remarks>
    public (Tensor Hidden, MoeLayerOutput? Moe) Run(Tensor hidden, ScalarType computeType, AttentionPass pass, RoutingContext context, IRoutingObserver? observer)
    {
        using var scope = NewDisposeScope();
        (Tensor next, MoeLayerOutput? moe) = Compute(hidden, computeType, pass, context, observer);
        moe?.Output.MoveToOuterDisposeScope();
        moe?.BalanceLoss?.MoveToOuterDisposeScope();
        foreach (LossTerm term in moe?.LossTerms ?? [])
        {
            term.Value.MoveToOuterDisposeScope();
        }

        return (next.MoveToOuterDisposeScope(), moe);
    }

    private (Tensor Hidden, MoeLayerOutput? Moe) Compute(Tensor hidden, ScalarType computeType, AttentionPass pass, RoutingContext context, IRoutingObserver? observer)
    {
        if (_normsSums)
        {
            Tensor summed = _attentionNorm.forward(hidden + _attention.Run(hidden.to(computeType), pass));
            (Tensor fed, MoeLayerOutput? said) = FeedForward(summed.to(computeType), context, observer);
            return (_feedForwardNorm.forward(summed + fed), said);
        }

        Tensor attended = hidden + _attention.Run(_attentionNorm.Run(hidden, computeType), pass);
        (Tensor y, MoeLayerOutput? output) = FeedForward(_feedForwardNorm.Run(attended, computeType), context, observer);
        return (attended + y, output);
    }

    private (Tensor Y, MoeLayerOutput? Moe) FeedForward(Tensor x, RoutingContext context, IRoutingObserver? observer)
    {
        if (Moe is null)
        {
            return (_dense!.forward(x), null);
        }

        MoeLayerOutput output = Moe.Run(x, context, observer);
        return (output.Output, output);
    }
}
