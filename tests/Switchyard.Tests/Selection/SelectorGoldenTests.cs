using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Selection;

/// <summary>Choices, weights and gradients against numbers of other people's software.</summary>
public sealed class SelectorGoldenTests
{
    private const double Tolerance = 1e-5;

    public static TheoryData<string> SoftmaxTopK => Golden.Files("selectors", "softmax-topk*.safetensors");

    public static TheoryData<string> TopKSoftmax => Golden.Files("selectors", "topk-softmax*.safetensors");

    public static TheoryData<string> SigmoidGroup => Golden.Files("selectors", "sigmoid-group*.safetensors");

    public static TheoryData<string> NoisyTopK => Golden.Files("selectors", "noisy-topk*.safetensors");

    public static TheoryData<string> Sinkhorn => Golden.Files("selectors", "sinkhorn*.safetensors");

    public static TheoryData<string> ExpertChoice => Golden.Files("selectors", "expert-choice*.safetensors");

    public static TheoryData<string> Threshold => Golden.Files("selectors", "threshold*.safetensors");

    [Theory]
    [MemberData(nameof(SoftmaxTopK))]
    public void Softmax_topk_chooses_and_weighs_as_transformers(string file) =>
        AssertMatches(file, o => new SoftmaxTopKSelector(o with { Normalize = file.Contains("normalized", StringComparison.Ordinal) }));

    [Theory]
    [MemberData(nameof(TopKSoftmax))]
    public void Topk_softmax_chooses_and_weighs_as_the_reference(string file) => AssertMatches(file, o => new TopKSoftmaxSelector(o));

    [Theory]
    [MemberData(nameof(SigmoidGroup))]
    public void Sigmoid_group_chooses_and_weighs_as_deepseek_or_transformers(string file) =>
        AssertMatches(file, (o, g) => new SigmoidGroupSelector(o with
        {
            Groups = g.Int("groups"),
            TopKGroup = g.Int("topk_group"),
            Scale = g.Double("scale", 1),
            GroupMask = file.Contains("zero", StringComparison.Ordinal) ? GroupMask.Zero : GroupMask.MinusInfinity,
        }));

    [Theory]
    [MemberData(nameof(NoisyTopK))]
    public void Noisy_topk_chooses_and_weighs_with_given_noise(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("selectors", file);
        Tensor scores = golden.Tensor("scores").requires_grad_();
        Tensor logits = golden.Tensor("noise_logits");
        using NoisyTopKSelector selector = new(Options(golden, scores) with { HiddenSize = (int)logits.shape[0] })
        {
            Normal = _ => golden.Tensor("normal"),
        };
        using (no_grad())
        {
            selector.NoiseWeight.copy_(logits.t());
        }

        Assignment assignment = selector.Select(scores, eye(logits.shape[0]));

        AssertEqual(golden, assignment, scores);
        Assert.NotNull(assignment.Noise);
        selector.eval();
        Assert.Null(selector.Select(scores, eye(logits.shape[0])).Noise);
    }

    [Theory]
    [MemberData(nameof(Sinkhorn))]
    public void Sinkhorn_has_the_transport_plan_and_the_choice_of_the_reference(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("selectors", file);
        SinkhornPlan plan = SinkhornPlan.Of(golden.Tensor("scores"));
        Near.AssertClose(plan.Transport, golden.Tensor("transport"), Tolerance, "transport");
        if (golden.Has("sweeps"))
        {
            Assert.Equal(golden.Tensor("sweeps").item<long>(), plan.Sweeps);
        }

        AssertMatches(file, o => new SinkhornSelector(o));
    }

    [Theory]
    [MemberData(nameof(ExpertChoice))]
    public void Expert_choice_takes_the_tokens_of_the_reference(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("selectors", file);
        Tensor scores = golden.Tensor("scores").requires_grad_();
        using ExpertChoiceSelector selector = new(Options(golden, scores) with { CapacityFactor = golden.Double("capacity_factor", 1) });

        Assignment assignment = selector.Select(scores, scores);

        Tensor tokens = selector.TokensOfExperts(selector.Preference(scores.detach())).sort(1).Values;
        Assert.True(tokens.eq(golden.Tensor("tokens").to(ScalarType.Int64)).all().item<bool>());
        Tensor dense = zeros_like(scores).scatter_add(1, assignment.Experts.clamp_min(0), assignment.Weights).t();
        Near.AssertClose(dense.gather(1, tokens), golden.Tensor("weights"), Tolerance, "weights");
        Assert.Equal(tokens.numel(), assignment.Experts.ge(0).sum().item<long>());
        (dense.gather(1, tokens) * golden.Tensor("upstream")).sum().backward();
        Near.AssertClose(scores.grad!, golden.Tensor("grad.scores"), Tolerance, "grad.scores");
    }

    [Theory]
    [MemberData(nameof(Threshold))]
    public void Threshold_takes_the_fewest_experts_that_reach_the_mass(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("selectors", file);
        Tensor scores = golden.Tensor("scores");
        using ThresholdSelector selector = new(Options(golden, scores) with { Threshold = golden.Double("p") });

        Tensor experts = selector.Select(scores, scores).Experts;

        Tensor order = golden.Tensor("order").to(ScalarType.Int64).narrow(1, 0, experts.shape[1]);
        Tensor count = golden.Tensor("count").to(ScalarType.Int64).clamp_max(experts.shape[1]).unsqueeze(1);
        Tensor expected = order.masked_fill(arange(experts.shape[1]).unsqueeze(0).ge(count), -1);
        Assert.True(experts.eq(expected).all().item<bool>(), $"expected {expected.ToString(TorchSharp.TensorStringStyle.Julia)}");
    }

    private static SelectorOptions Options(GoldenFile golden, Tensor scores) =>
        new() { Experts = (int)scores.shape[1], TopK = golden.Int("k") };

    private static void AssertMatches(string file, Func<SelectorOptions, Selector> create) => AssertMatches(file, (o, _) => create(o));

    private static void AssertMatches(string file, Func<SelectorOptions, GoldenFile, Selector> create)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("selectors", file);
        Tensor scores = golden.Tensor("scores").requires_grad_();
        using Selector selector = create(Options(golden, scores), golden);
        Tensor? bias = golden.Has("bias") ? golden.Tensor("bias") : null;

        AssertEqual(golden, selector.Select(scores, scores, _ => bias), scores);
    }

    private static void AssertEqual(GoldenFile golden, Assignment assignment, Tensor scores)
    {
        (Tensor experts, Tensor order) = assignment.Experts.sort(1);
        Tensor weights = assignment.Weights.gather(1, order);
        Assert.True(experts.eq(golden.Tensor("experts").to(ScalarType.Int64)).all().item<bool>(), "experts");
        Near.AssertClose(weights, golden.Tensor("weights"), Tolerance, "weights");
        (weights * golden.Tensor("upstream")).sum().backward();
        Near.AssertClose(scores.grad!, golden.Tensor("grad.scores"), Tolerance, "grad.scores");
    }
}
