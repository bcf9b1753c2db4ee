using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

public sealed class RouterGradientTests
{
    private static readonly RouterOptions Sizes = new() { HiddenSize = 6, Experts = 5, TopK = 2, KeySize = 4, HiddenWidth = 3 };

    public static TheoryData<string, RouterOptions> Learned => new()
    {
        { "linear", Sizes },
        { "linear", Sizes with { Bias = true } },
        { "attention", Sizes },
        { "attention", Sizes with { Heads = 2 } },
        { "mlp", Sizes },
        { "hybrid", Sizes with { Bias = true, Heads = 4 } },
        { "mlp-hadamard", Sizes },
    };

    public static TheoryData<LatentPrototypeOptions> LatentPrototypes =>
    [
        .. Enum.GetValues<PrototypeSimilarity>().Select(s => new LatentPrototypeOptions { Similarity = s }),
        .. Enum.GetValues<PrototypeDiversity>().Select(d => new LatentPrototypeOptions { Diversity = d, UnitBall = true }),
        .. Enum.GetValues<PrototypeDistribution>().Select(d => new LatentPrototypeOptions { Distribution = d }),
    ];

    [Theory]
    [MemberData(nameof(Learned), DisableDiscoveryEnumeration = true)]
    public void Gradients_through_a_top_k_choice_are_central_differences(string name, RouterOptions options)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using Router router = Routers.All.Get(name).Create(options);
        router.to(ScalarType.Float64);
        Spread(router);
        Tensor x = randn([7, 6], ScalarType.Float64).requires_grad_();
        Tensor upstream = randn([7, 2], ScalarType.Float64);

        double error = CentralDifference.WorstError(
            () =>
            {
                using var pass = NewDisposeScope();
                return (LocalTopK.Select(router.Score(x, RoutingContext.None).Scores, 2).Weights * upstream).sum().MoveToOuterDisposeScope();
            },
            [x, .. router.parameters()]);

        Assert.InRange(error, 0, 1e-7);
    }

    [Theory]
    [MemberData(nameof(LatentPrototypes), DisableDiscoveryEnumeration = true)]
    public void Gradients_of_latent_prototypes_are_central_differences(LatentPrototypeOptions settings)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);

        // The alignment follows codes without gradient, so that differences of it are not its gradient: it is off here, and in the golden tests.
        using LatentPrototypeRouter router = new(Sizes with { LatentPrototypes = settings with { LatentSize = 3, Coefficient = 1, AlignWeight = 0 } });
        router.to(ScalarType.Float64);
        Spread(router);
        Tensor x = randn([7, 6], ScalarType.Float64).requires_grad_();
        Tensor upstream = randn([7, 2], ScalarType.Float64);
        Tensor ofResidual = randn([7, 6], ScalarType.Float64);

        double error = CentralDifference.WorstError(
            () =>
            {
                using var pass = NewDisposeScope();
                RouterOutput output = router.Score(x, RoutingContext.None);
                Assignment assignment = LocalTopK.Select(output.Scores, 2);
                Tensor loss = router.Loss(output, assignment, RoutingContext.None)!;
                return ((assignment.Weights * upstream).sum() + (output.Residual! * ofResidual).sum() + loss).MoveToOuterDisposeScope();
            },
            [x, .. router.parameters()]);

        Assert.InRange(error, 0, 1e-7);
    }

    // Initial biases, mixtures and variances are 0, where mistakes would not show.
    private static void Spread(Router router)
    {
        using var quiet = no_grad();
        foreach (Tensor parameter in router.parameters())
        {
            parameter.add_(randn_like(parameter), 0.3);
        }
    }
}
