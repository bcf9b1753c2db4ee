using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>RMSNorm(W_q·μ + b_q)·RMSNorm(W_k·p + b_k)/√z. Parameters <c>q_proj</c>, <c>k_proj</c> (z² + z each) and <c>q_norm.weight</c>, <c>k_norm.weight</c> (z each).</summary>
internal sealed class AttentionSimilarity : SimilarityFunction
{
    private readonly Linear _queries;
    private readonly Linear _keys;
    private readonly RmsScale _queryScale;
    private readonly RmsScale _keyScale;

    public AttentionSimilarity(int latentSize)
        : base("attention")
    {
        register_module("q_proj", _queries = nn.Linear(latentSize, latentSize));
        register_module("k_proj", _keys = nn.Linear(latentSize, latentSize));
        register_module("q_norm", _queryScale = new RmsScale(latentSize));
        register_module("k_norm", _keyScale = new RmsScale(latentSize));
    }

    public override Tensor Scores(LatentGaussians tokens, LatentGaussians prototypes)
    {
        Tensor queries = _queryScale.Normalize(_queries.Apply(tokens.Mean));
        Tensor keys = _keyScale.Normalize(_keys.Apply(prototypes.Mean));
        return mm(queries, keys.t() / Held(Math.Sqrt(queries.shape[1])));
    }

    private sealed class RmsScale : nn.Module
    {
        public RmsScale(int size)
            : base("rms") => this.AddConstant("weight", 1, size);

        public Tensor Normalize(Tensor x) =>
            x * ((x * x).mean([-1], keepdim: true) + Held(1e-6)).rsqrt() * this.In("weight", x.dtype);
    }
}
