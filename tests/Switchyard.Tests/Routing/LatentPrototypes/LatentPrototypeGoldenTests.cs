using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing.LatentPrototypes;

public sealed class LatentPrototypeGoldenTests
{
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Routers => RouterFiles.With("expert_keys");

    public static TheoryData<string> Distributions => RouterFiles.With("prototype_mu");

    [Theory]
    [MemberData(nameof(Routers))]
    public void Scores_residual_loss_and_gradients_are_those_of_the_official_module(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open(RouterFiles.Folder, file);
        Tensor x = golden.Tensor("x").requires_grad_();
        using LatentPrototypeRouter router = Make(golden, file, ema: false);

        var output = (LatentPrototypeOutput)router.Score(x, RoutingContext.None);
        Assignment assignment = LocalTopK.Weigh(output.Scores, golden.Tensor("experts").to(ScalarType.Int64));
        LatentPrototypeLoss parts = router.Parts(output, assignment, RoutingContext.None);
        Tensor loss = router.Loss(output, assignment, RoutingContext.None)!;
        Tensor objective = (assignment.Weights * golden.Tensor("upstream_weights")).sum()
            + (output.Residual! * golden.Tensor("upstream_residual")).sum()
            + loss;
        objective.backward();

        Near.AssertClose(output.Scores, golden.Tensor("scores"), Tolerance, "scores");
        Near.AssertClose(assignment.Weights, golden.Tensor("weights"), Tolerance, "weights");
        Near.AssertClose(output.Residual!, golden.Tensor("residual"), Tolerance, "residual");
        Near.AssertClose(parts.TokenDiversity.reshape(1), golden.Tensor("diversity_tokens"), Tolerance, "D(μ)");
        Near.AssertClose(parts.PrototypeDiversity.reshape(1), golden.Tensor("diversity_prototypes"), Tolerance, "D(P)");
        Near.AssertClose(parts.Kl.reshape(1), golden.Tensor("kl"), Tolerance, "KL");
        Near.AssertClose(loss.reshape(1), golden.Tensor("loss"), Tolerance, "loss");
        GoldenParameters.AssertGradients(router, x, golden, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Routers))]
    public void The_best_scores_are_those_that_the_official_module_chose(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open(RouterFiles.Folder, file);
        using LatentPrototypeRouter router = Make(golden, file, ema: false);

        Tensor experts = LocalTopK.Select(router.Score(golden.Tensor("x"), RoutingContext.None).Scores, golden.Int("k")).Experts;

        Tensor expected = golden.Tensor("experts").to(ScalarType.Int64);
        Assert.True(experts.sort(-1).Values.IsSameAs(expected.sort(-1).Values));
    }

    [Theory]
    [MemberData(nameof(Routers))]
    public void One_update_of_the_moving_average_is_that_of_the_official_module(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open(RouterFiles.Folder, file);
        using LatentPrototypeRouter router = Make(golden, file, ema: true);

        RouterOutput output = router.Score(golden.Tensor("x"), RoutingContext.None);
        router.Loss(output, LocalTopK.Weigh(output.Scores, golden.Tensor("experts").to(ScalarType.Int64)), RoutingContext.None);
        router.AfterStep();

        Near.AssertClose(router.get_buffer("ema.sums")!, golden.Tensor("ema_sums"), Tolerance, "m");
        Near.AssertClose(router.get_buffer("ema.counts")!, golden.Tensor("ema_counts"), Tolerance, "n");
        Near.AssertClose(router.get_parameter("expert_keys")!, golden.Tensor("ema_prototypes"), Tolerance, "prototypes");
    }

    [Theory]
    [MemberData(nameof(Distributions))]
    public void Divergences_between_distributions_are_those_of_the_official_module(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open(RouterFiles.Folder, file);
        LatentGaussians tokens = new(golden.Tensor("token_mu"), golden.Tensor("token_logvar"));
        LatentGaussians prototypes = new(golden.Tensor("prototype_mu"), golden.Tensor("prototype_logvar"));
        string[] kinds = [.. golden.Names.Where(n => n.StartsWith("score.", StringComparison.Ordinal)).Select(n => n["score.".Length..])];

        Assert.NotEmpty(kinds);
        foreach (string kind in kinds)
        {
            using SimilarityFunction function = SimilarityFunction.Create(
                new LatentPrototypeOptions { Distribution = Enum.Parse<PrototypeDistribution>(kind, ignoreCase: true) });
            Near.AssertClose(function.Scores(tokens, prototypes), golden.Tensor("score." + kind), Tolerance, kind);
        }
    }

    // The file is named lpr-<similarity>-<diversity>, in the official module's words: `gaussiankernel` is our `gaussian`.
    private static LatentPrototypeRouter Make(GoldenFile golden, string file, bool ema)
    {
        string[] words = Path.GetFileNameWithoutExtension(file).Split('-');
        int[] prototypes = [.. golden.Tensor("expert_keys").shape.Select(n => (int)n)];
        LatentPrototypeRouter router = new(new RouterOptions
        {
            HiddenSize = (int)golden.Tensor("x").shape[1],
            Experts = prototypes[0],
            TopK = golden.Int("k"),
            LatentPrototypes = new LatentPrototypeOptions
            {
                LatentSize = prototypes[1],
                Similarity = Named<PrototypeSimilarity>(words[1]),
                Diversity = Named<PrototypeDiversity>(words[2]),
                Coefficient = 1,
                DiversityWeight = golden.Double("div_weight"),
                KlWeight = golden.Double("kl_weight"),
                AlignWeight = golden.Double("align_weight"),
                Ema = ema,
                EmaDecay = golden.Double("ema_decay"),
            },
        })
        {
            Noise = _ => golden.Tensor("noise"),
        };
        GoldenParameters.Load(router, golden);
        if (ema)
        {
            using var quiet = no_grad();
            router.get_buffer("ema.sums")!.copy_(golden.Tensor("expert_keys"));
        }

        return router;
    }

    private static T Named<T>(string word)
        where T : struct, Enum =>
        Enum.GetValues<T>().Single(v => word.Contains(v.ToString(), StringComparison.OrdinalIgnoreCase));
}
