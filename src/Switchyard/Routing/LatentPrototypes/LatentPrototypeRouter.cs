using Switchyard.Balancing;
using Switchyard.Selection;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Scores are similarities of a small latent code of the token, μ [z], with a prototype an expert, P [E, z]; a loss of its own spreads codes and prototypes, and with them the load.</summary>
/// <remarks>
/// u = SiLU(LayerNorm(x)); (μ, ln σ²) = W_e·u + b_e; S = sim(μ, P); residual r = W_o·(softmax(S)·P) + b_o. Loss = coefficient·(w_div·(D(μ) + D(P)) + w_kl·KL + w_align·mean |P − Rᵀ·z|) with z = μ + ε⊙σ and R = softmax over E of the scores at the chosen experts and 0 elsewhere, both without gradient.
/// <para>Parameters: <c>norm</c> 2·d, <c>encoder</c> 2·z·d + 2·z, <c>expert_keys</c> E·z (with distributions <c>expert_keys_mu</c> and <c>expert_keys_logvar</c>, 2·E·z), <c>out_proj</c> z·d + d, and those of the similarity (<c>similarity_func</c>). With <see cref="LatentPrototypeOptions.Ema"/> the prototypes take no gradient and follow the codes after each step.</para>
/// <para>Source: Yang 2025, "Latent Prototype Routing", arXiv 2506.21328, and its official implementation.</para>
/// </remarks>
public sealed class LatentPrototypeRouter : Router
{
    private const string Points = "expert_keys";
    private const string Means = "expert_keys_mu";
    private const string LogVariances = "expert_keys_logvar";
    private readonly LayerNorm _norm;
    private readonly Linear _encoder;
    private readonly Linear? _decoder;
    private readonly SimilarityFunction _similarity;
    private readonly PrototypeAverage? _average;

    /// <summary>Makes the router with torch's own initial weights for its linear layers and prototypes from N(0, 1), or on the unit sphere.</summary>
    public LatentPrototypeRouter(RouterOptions options)
        : base("lpr", options)
    {
        using var scope = NewDisposeScope();
        int d = options.HiddenSize;
        int z = Settings.LatentSize;
        register_module("norm", _norm = nn.LayerNorm(d));
        register_module("encoder", _encoder = nn.Linear(d, 2 * z));
        Tensor prototypes = randn(options.Experts, z);
        this.AddParameter(HasDistributions ? Means : Points, Settings.UnitBall ? nn.functional.normalize(prototypes, 2, 1, 1e-12) : prototypes);
        if (HasDistributions)
        {
            this.AddConstant(LogVariances, 0, options.Experts, z);
        }

        register_module("similarity_func", _similarity = SimilarityFunction.Create(Settings));
        if (Settings.Residual)
        {
            register_module("out_proj", _decoder = nn.Linear(z, d));
        }

        if (Settings.Ema)
        {
            register_module("ema", _average = new PrototypeAverage(Settings.EmaDecay, MeanParameter, LogVarianceParameter));
            MeanParameter.requires_grad = false;
            LogVarianceParameter?.requires_grad = false;
        }
    }

    /// <summary>Draws ε [T, z] for the sampled codes, like its argument; replaced by tests.</summary>
    internal Func<Tensor, Tensor> Noise { get; set; } = deviation => randn_like(deviation);

    private LatentPrototypeOptions Settings => Options.LatentPrototypes;

    private bool HasDistributions => Settings.Distribution != PrototypeDistribution.None;

    private Parameter MeanParameter => get_parameter(HasDistributions ? Means : Points)!;

    private Parameter? LogVarianceParameter => HasDistributions ? get_parameter(LogVariances) : null;

    /// <inheritdoc/>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        Tensor input = InRouterPrecision(x);
        Tensor normalized = nn.functional.layer_norm(input, [Options.HiddenSize], _norm.weight!.to(input.dtype), _norm.bias!.to(input.dtype), _norm.eps);
        Tensor[] code = _encoder.Apply(nn.functional.silu(normalized)).chunk(2, 1);
        LatentGaussians tokens = new(code[0], code[1]);
        LatentGaussians prototypes = Prototypes(input.dtype);
        Tensor scores = _similarity.Scores(tokens, prototypes);
        Tensor? residual = _decoder?.Apply(mm(scores.softmax(-1), prototypes.Mean)).to(x.dtype);
        return new LatentPrototypeOutput(
            scores.MoveToOuterDisposeScope(),
            residual?.MoveToOuterDisposeScope(),
            tokens.Mean.MoveToOuterDisposeScope(),
            tokens.LogVariance!.MoveToOuterDisposeScope(),
            Sample(tokens).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    /// <remarks>With <see cref="LatentPrototypeOptions.Ema"/>, a call in training also hands the routed codes to the moving average that <see cref="AfterStep"/> applies.</remarks>
    /// <exception cref="ArgumentException">The output is of another router.</exception>
    public override IReadOnlyList<LossTerm> Losses(RouterOutput output, Assignment assignment, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<LossTerm> terms = Parts(output, assignment, context).Terms(Settings);
        foreach (LossTerm term in terms)
        {
            term.Value.MoveToOuterDisposeScope();
        }

        return terms;
    }

    /// <inheritdoc/>
    public override void AfterStep() => _average?.Update(MeanParameter, LogVarianceParameter);

    /// <inheritdoc/>
    public override void DropStep() => _average?.Forget();

    /// <summary>The parts of the loss before weights and coefficient.</summary>
    internal LatentPrototypeLoss Parts(RouterOutput output, Assignment assignment, RoutingContext context)
    {
        LatentPrototypeOutput codes = output as LatentPrototypeOutput
            ?? throw new ArgumentException($"the loss of 'lpr' takes the output of its own {nameof(Score)}", nameof(output));
        Tensor? real = context.TokenMask?.flatten().nonzero().squeeze(1);
        Tensor Real(Tensor rows) => real is null ? rows : rows.index_select(0, real);
        Tensor routed;
        using (no_grad())
        {
            Tensor routing = Routing(Real(codes.Scores), Real(assignment.Experts));
            Tensor sample = Real(codes.Sample);
            routed = mm(routing.t(), sample);
            if (training)
            {
                _average?.Observe(routing, sample);
            }
        }

        LatentGaussians tokens = new(Real(codes.Mean), Real(codes.LogVariance));
        return LatentPrototypeLoss.Of(Settings.Diversity, tokens, Prototypes(codes.Scores.dtype).Mean, routed);
    }

    // R [T, E]: softmax of the scores where chosen and of 0 elsewhere; empty slots (−1) choose nothing.
    private static Tensor Routing(Tensor scores, Tensor experts)
    {
        Tensor chosen = zeros([scores.shape[0], scores.shape[1] + 1], scores.dtype, scores.device);
        chosen.scatter_(1, experts.remainder(Held(scores.shape[1] + 1)), ones_like(experts, scores.dtype));
        return (scores * chosen.narrow(1, 0, scores.shape[1])).softmax(-1);
    }

    private Tensor Sample(LatentGaussians tokens)
    {
        using IDisposable quiet = no_grad();
        Tensor mean = tokens.Mean.detach();
        if (!training)
        {
            return mean;
        }

        Tensor deviation = (tokens.LogVariance! * Held(0.5)).exp();
        return mean + (Noise(deviation) * deviation);
    }

    private LatentGaussians Prototypes(ScalarType type) => new(MeanParameter.to(type), LogVarianceParameter?.to(type));
}
