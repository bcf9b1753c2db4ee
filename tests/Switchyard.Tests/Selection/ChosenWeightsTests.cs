using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Selection;

public sealed class ChosenWeightsTests
{
    public static TheoryData<string, int> Ways =>
    [
        .. from way in (string[])["softmax over chosen", "softmax over all", "sigmoid", "sigmoid, normalized"]
           from tokens in (int[])[0, 1, 5, 700]
           select (way, tokens),
    ];

    /// <summary>Where no gradient is asked for they are computed over memory, else by torch.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void They_are_the_same_with_and_without_a_gradient(string way, int tokens)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(tokens);
        Tensor scores = randn(tokens, 7) * 3, experts = TopK.Indices(scores, 3);
        if (tokens > 4)
        {
            experts[1, 2] = -1;
            experts[2] = -1;
            scores[3, experts[3, 1].item<long>()] = double.NegativeInfinity;
            scores[4] = double.NegativeInfinity;
            experts[4] = -1;
        }

        Tensor expected = Weigh(scores.clone().requires_grad_(true)), actual = Weigh(scores);

        Assert.Equal([tokens, 3], actual.shape);
        Assert.True(expected.requires_grad || tokens == 0);
        Near.AssertClose(actual, expected.detach(), 1e-6);
        Assert.Equal(0, actual.masked_select(experts.lt(0)).abs().sum().item<float>());

        Tensor Weigh(Tensor s) => way switch
        {
            "softmax over chosen" => ChosenWeights.SoftmaxOverChosen(s, experts),
            "softmax over all" => ChosenWeights.SoftmaxOverAll(s, experts),
            "sigmoid" => ChosenWeights.Sigmoid(s, experts, normalize: false, 1),
            _ => ChosenWeights.Sigmoid(s, experts, normalize: true, 2.5),
        };
    }

    [Fact]
    public void A_score_that_is_no_number_is_not_hidden()
    {
        using var scope = NewDisposeScope();
        Tensor scores = tensor(new[] { 1f, float.NaN, 2f }, [1, 3]), experts = tensor(new[] { 1L, 2 }, [1, 2]);

        Assert.True(ChosenWeights.SoftmaxOverChosen(scores, experts).isnan().any().item<bool>());
        Assert.True(ChosenWeights.SoftmaxOverAll(scores, experts).isnan().all().item<bool>());
        Assert.True(ChosenWeights.Sigmoid(scores, experts, normalize: true, 1).isnan().all().item<bool>());
    }
}
