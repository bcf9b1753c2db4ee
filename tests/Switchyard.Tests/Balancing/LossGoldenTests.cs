using Switchyard.Balancing;
using Switchyard.Balancing.Losses;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Balancing;

/// <summary>Losses and their gradients against numbers of other people's software.</summary>
public sealed class LossGoldenTests
{
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Batch => Golden.Files("losses", "balance-batch*.safetensors");

    public static TheoryData<string> Sequence => Golden.Files("losses", "balance-sequence*.safetensors");

    public static TheoryData<string> HuggingFace => Golden.Files("losses", "balance-huggingface*.safetensors");

    public static TheoryData<string> SwitchTop1 => Golden.Files("losses", "balance-switch*.safetensors");

    public static TheoryData<string> Importance => Golden.Files("losses", "importance*.safetensors");

    public static TheoryData<string> Z => Golden.Files("losses", "z*.safetensors");

    public static TheoryData<string> BiasUpdate => Golden.Files("losses", "bias-update*.safetensors");

    [Theory]
    [MemberData(nameof(Batch))]
    public void The_batch_form_of_switch_is_that_of_the_reference(string file) =>
        AssertLayers(file, (scores, experts, _) => SwitchLoss.OfBatch(scores, experts));

    [Theory]
    [MemberData(nameof(Sequence))]
    public void The_sequence_form_of_switch_is_that_of_the_reference(string file) =>
        AssertLayers(file, (scores, experts, golden) => SwitchLoss.OfSequences(scores, experts, scores.shape[0] / Sequences(golden)));

    [Theory]
    [MemberData(nameof(HuggingFace))]
    public void Layers_together_give_the_loss_of_transformers(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("losses", file);
        Tensor[] scores = Logits(golden);
        Tensor? mask = golden.Has("attention_mask") ? golden.Tensor("attention_mask").to(ScalarType.Bool).flatten() : null;

        Tensor loss = SwitchLoss.OfLayers(scores, golden.Int("k"), mask);

        AssertLoss(golden, loss, scores);
    }

    [Theory]
    [MemberData(nameof(SwitchTop1))]
    public void Top_1_of_each_sequence_gives_the_loss_of_switch_transformers(string file) =>
        AssertLayers(file, (scores, experts, golden) => SwitchLoss.OfSequences(scores, experts, scores.shape[0] / Sequences(golden)));

    [Theory]
    [MemberData(nameof(Importance))]
    public void Importance_is_that_of_the_reference(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("losses", file);
        Tensor[] scores = Logits(golden);
        using TopKSoftmaxSelector selector = new(new SelectorOptions { Experts = (int)scores[0].shape[1], TopK = golden.Int("k") });

        Tensor importance = ImportanceLoss.Importance(selector.Assign(scores[0]), (int)scores[0].shape[1]);

        Near.AssertClose(importance, golden.Tensor("importance"), Tolerance, "importance");
        AssertLoss(golden, ImportanceLoss.SquaredVariation(importance), scores);
    }

    [Theory]
    [MemberData(nameof(Z))]
    public void The_z_loss_is_that_of_transformers(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("losses", file);
        Tensor[] scores = Logits(golden);

        AssertLoss(golden, ZLoss.Of(scores[0]), scores);
    }

    [Theory]
    [MemberData(nameof(BiasUpdate))]
    public void The_bias_moves_as_in_the_reference(string file)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("losses", file);
        Tensor loads = golden.Tensor("loads");
        int experts = (int)loads.shape[1];
        using BiasBalancer balancer = new(new BalancerOptions { Experts = experts, TopK = 1, Coefficient = golden.Double("u", BiasBalancer.DefaultCoefficient) });
        for (int step = 0; step < loads.shape[0]; step++)
        {
            balancer.Observe(loads[step].to(ScalarType.Int64));
            balancer.AfterStep();
            Near.AssertClose(balancer.Bias, golden.Tensor("bias")[step], Tolerance, $"bias after step {step}");
        }
    }

    /// <summary>The tokens of the reference are two sequences unless it says otherwise.</summary>
    private static long Sequences(GoldenFile golden) => golden.Metadata.ContainsKey("sequences") ? golden.Int("sequences") : 2;

    private static Tensor[] Logits(GoldenFile golden) =>
        [.. golden.Names.Where(n => n.StartsWith("logits", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(n => golden.Tensor(n).requires_grad_())];

    private static void AssertLayers(string file, Func<Tensor, Tensor, GoldenFile, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        GoldenFile golden = Golden.Open("losses", file);
        Tensor[] scores = Logits(golden);
        Tensor[] layers = [.. scores.Select(s => loss(s, TopK.Indices(s.detach(), golden.Int("k")), golden) * golden.Double("alpha", 1))];
        if (golden.Has("per_layer"))
        {
            Near.AssertClose(stack(layers), golden.Tensor("per_layer"), Tolerance, "per layer");
        }

        AssertLoss(golden, stack(layers).mean(), scores);
    }

    private static void AssertLoss(GoldenFile golden, Tensor loss, Tensor[] scores)
    {
        Near.AssertClose(loss.reshape(1), golden.Tensor("loss"), Tolerance, "loss");
        loss.backward();
        for (int layer = 0; layer < scores.Length; layer++)
        {
            string name = golden.Has("grad.logits") ? "grad.logits" : $"grad.logits.{layer}";
            Near.AssertClose(scores[layer].grad!, golden.Tensor(name), Tolerance, name);
        }
    }
}
