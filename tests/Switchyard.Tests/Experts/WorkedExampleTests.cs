using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

/// <summary>The example of the documentation: batch 2, sequence 5, d 128, four experts, top-2, capacity 5, with the shapes at each step.</summary>
public sealed class WorkedExampleTests
{
    private const int Batch = 2, Sequence = 5, HiddenSize = 128, InnerSize = 64, Experts = 4, TopK = 2, Capacity = 5;

    [Fact]
    public void Four_experts_with_a_capacity_of_five()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, Experts, HiddenSize, InnerSize);

        Tensor hidden = randn(Batch, Sequence, HiddenSize);
        Tensor scores = hidden.matmul(randn(HiddenSize, Experts)).softmax(-1);
        Assert.Equal([2, 5, 4], scores.shape);

        // Every pair of experts is used as often as any other, so that each expert has exactly its capacity: 2·5·2/4 = 5.
        Tensor indices = tensor(new long[] { 0, 1, 2, 3, 0, 2, 1, 3, 0, 3, 1, 2, 0, 1, 2, 3, 0, 2, 1, 3 }, [Batch, Sequence, TopK]);
        Tensor combine = scores.gather(2, indices);
        Assert.Equal([2, 5, 2], combine.shape);

        Tensor x = hidden.view(-1, HiddenSize);
        DispatchedTokens tokens = new LocalDispatcher().Dispatch(x, new Assignment(indices.view(-1, TopK), combine.view(-1, TopK)), Experts);
        Assert.All(tokens.Plan.Counts, c => Assert.Equal(Capacity, c));

        Tensor buckets = x.index_select(0, tokens.Plan.TokenOfRow).view(Experts, Capacity, HiddenSize);
        Assert.Equal([4, 5, 128], buckets.shape);
        Assert.True(buckets.view(-1, HiddenSize).Equals(PaddedLayout.Of(tokens.Plan, Capacity).Gather(x)));

        Tensor[] halves = buckets.bmm(weights.GateUp.transpose(1, 2)).chunk(2, 2);
        Tensor outputs = (nn.functional.silu(halves[0]) * halves[1]).bmm(weights.Down.transpose(1, 2));
        Assert.Equal([4, 5, 128], outputs.shape);

        Tensor expected = zeros(Batch * Sequence, HiddenSize);
        for (int t = 0; t < Batch * Sequence; t++)
        {
            for (int slot = 0; slot < TopK; slot++)
            {
                long row = tokens.Plan.RowOfPair[t, slot].item<long>();
                expected[t] = expected[t] + (tokens.Weights[t, slot] * outputs.view(-1, HiddenSize)[row]);
            }
        }

        foreach (ExecutorEntry entry in Executors.All)
        {
            Tensor y = entry.Create().Run(tokens, weights).view(Batch, Sequence, HiddenSize);
            Assert.Equal([2, 5, 128], y.shape);
            Near.AssertClose(y.view(-1, HiddenSize), expected, 1e-5, entry.Name);
        }
    }
}
