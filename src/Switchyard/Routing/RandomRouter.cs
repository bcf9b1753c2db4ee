using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>k experts drawn uniformly for each token, nothing learned: the floor that a router must beat. S is 0 at the drawn experts and −∞ elsewhere.</summary>
/// <remarks>In training each pass draws anew from torch's global generator. In evaluation the choice depends on seed, layer and the token's place in its sequence alone, with a period of 4,096 places, so that an evaluation can be repeated. No parameters, no gradient.</remarks>
public sealed class RandomRouter : Router
{
    private const int Period = 4096;

    /// <summary>Makes the table of choices for evaluation.</summary>
    public RandomRouter(RouterOptions options)
        : base("random", options)
    {
        int[] table = HashTable.Random(Period, options.Experts, options.TopK, HashTable.Salt(options.Seed, options.Layer));
        this.AddBuffer("table", tensor(table, [Period, options.TopK]), persistent: false);
    }

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        long tokens = x.shape[0];
        Tensor scores = training
            ? FixedChoice.Scores(rand([tokens, Options.Experts], device: x.device).topk(Options.TopK, -1, sorted: false).indexes, Options.Experts, x)
            : FixedChoice.Scores(this, Places(tokens, context, x), x);
        return new RouterOutput(scores.MoveToOuterDisposeScope());
    }

    private static Tensor Places(long tokens, RoutingContext context, Tensor x)
    {
        Tensor places = arange(Held(tokens), ScalarType.Int64, x.device);
        return context.SequenceLength > 0 ? places.remainder(Held(context.SequenceLength)) : places;
    }
}
