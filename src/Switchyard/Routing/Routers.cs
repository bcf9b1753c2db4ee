using Switchyard.Routing.LatentPrototypes;

namespace Switchyard.Routing;

/// <summary>The registered routers.</summary>
public static class Routers
{
    private const string TopKThenSoftmax = "topk-softmax";

    /// <summary>All routers, in the order in which they are listed and compared.</summary>
    public static Catalog<RouterEntry> All { get; } = new("router")
    {
        new RouterEntry("linear", "one row of weights an expert: x·Wᵀ", o => new LinearRouter(o)),
        new RouterEntry("attention", "queries of the token against a learned key an expert", o => new AttentionRouter(o)),
        new RouterEntry("mlp", "a hidden layer with GELU between token and scores", o => new MlpRouter(o)),
        new RouterEntry("hybrid", "a learned mixture of linear and attention scores", o => new HybridRouter(o)),
        new RouterEntry("hash", "fixed experts by token id, nothing learned", o => new HashRouter(o)) { DefaultSelector = TopKThenSoftmax, IsTrainable = false },
        new RouterEntry("mlp-hadamard", "an MLP whose hidden units are products of two projections", o => new MlpHadamardRouter(o)),
        new RouterEntry("lpr", "latent prototypes: a small code of the token compared with a prototype an expert; balances by its own loss", o => new LatentPrototypeRouter(o)) { DefaultSelector = TopKThenSoftmax, HasOwnLoss = true },
        new RouterEntry("random", "experts by lot: the floor to compare with", o => new RandomRouter(o)) { DefaultSelector = TopKThenSoftmax, IsTrainable = false },
    };
}
