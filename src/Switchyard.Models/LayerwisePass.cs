using Switchyard.Metrics;
using Switchyard.Models.Blocks;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>What the layers of a model share in one pass over an input; its caller runs them. <see cref="MoeTransformer.Layerwise"/> makes it.</summary>
/// <remarks>Its masks belong to the dispose scope in which it was made.</remarks>
public sealed class LayerwisePass
{
    private readonly TransformerStack _stack;
    private readonly ScalarType _computeType;
    private readonly TransformerInput _input;
    private readonly AttentionPass _attention;
    private readonly RoutingContext _context;
    private readonly IRoutingObserver? _observer;

    internal LayerwisePass(TransformerStack stack, MoeTransformerOptions options, ScalarType computeType, TransformerInput input, IRoutingObserver? observer)
    {
        _observer = observer;
        (Tensor tokens, long count) = (input.Tokens, input.Tokens.size(1));
        if (count > options.LongestSequence)
        {
            throw new ArgumentException($"sequences of {count} tokens; the model was made for {options.LongestSequence}", nameof(input));
        }

        (_stack, _computeType, _input) = (stack, computeType, input);
        Tensor? mask = input.Mask?.to(ScalarType.Bool);
        Tensor? seen = input.Cache is { } cache ? cache.Begin(tokens.size(0), count, mask) : mask;
        _attention = AttentionPass.Of(count, options.Encoder is null, options.SlidingWindow, input.Cache, seen, tokens.device);
        _context = new RoutingContext { TokenIds = tokens.flatten(), SequenceLength = count, TokenMask = mask?.flatten() };
    }

    /// <summary>Layers of the model.</summary>
    public int Layers => _stack.Layers.Count;

    /// <summary>Hidden states [B, N, d] as the first layer sees them.</summary>
    public Tensor Embed() => _stack.Embed(_input.Tokens, _input.TokenTypes);

    /// <summary>Runs a layer.</summary>
    /// <param name="layer">Its index.</param>
    /// <param name="hidden">What the layer before it gave, [B, N, d].</param>
    /// <param name="observer">Listens to the routing, beside <see cref="MoeTransformer.Observer"/>; null costs nothing.</param>
    /// <returns>Hidden states [B, N, d] after the layer, and what its MoE layer said, where it has one.</returns>
    public (Tensor Hidden, MoeLayerOutput? Moe) Run(int layer, Tensor hidden, IRoutingObserver? observer = null) =>
        _stack.Layers[layer].Run(hidden, _computeType, _attention, _context, CombinedObserver.Of(_observer, observer));
}
