using CsCheck;
using Switchyard.Dispatch;
using Switchyard.Selection;
using Switchyard.Tests.Experts;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dispatch;

public sealed class DispatchPlanTests
{
    private static readonly Gen<(int Experts, int Tokens, int TopK, long[] Chosen)> Assignments =
        Gen.Int[1, 40].SelectMany(experts =>
            Gen.Int[0, 60].SelectMany(tokens =>
                Gen.Int[1, 8].SelectMany(topK =>
                    Gen.Long[-1, experts - 1].Array[tokens * topK].Select(chosen => (experts, tokens, topK, chosen)))));

    [Fact]
    public void Rows_are_the_kept_pairs_sorted_by_expert_and_then_by_pair()
    {
        Assignments.Sample(
            sample =>
            {
                using var scope = NewDisposeScope();
                DispatchPlan plan = DispatchPlan.From(tensor(sample.Chosen, [sample.Tokens, sample.TopK]), sample.Experts);

                long[] expected = [.. Enumerable.Range(0, sample.Chosen.Length).Where(p => sample.Chosen[p] >= 0).OrderBy(p => sample.Chosen[p]).Select(p => (long)p)];
                Assert.Equal(expected, plan.PairOfRow.data<long>());
                Assert.Equal(expected.Select(p => p / sample.TopK), plan.TokenOfRow.data<long>());
                Assert.Equal(Enumerable.Range(0, sample.Experts).Select(e => sample.Chosen.Count(c => c == e)), plan.Counts);
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void The_row_of_a_pair_is_the_inverse_of_the_pair_of_a_row()
    {
        Assignments.Sample(
            sample =>
            {
                using var scope = NewDisposeScope();
                DispatchPlan plan = DispatchPlan.From(tensor(sample.Chosen, [sample.Tokens, sample.TopK]), sample.Experts);

                long[] pairOfRow = [.. plan.PairOfRow.data<long>()], rowOfPair = [.. plan.RowOfPair.data<long>()];
                for (int p = 0; p < rowOfPair.Length; p++)
                {
                    Assert.Equal(sample.Chosen[p] < 0, rowOfPair[p] < 0);
                    Assert.True(rowOfPair[p] < 0 || pairOfRow[rowOfPair[p]] == p);
                }

                Assert.Equal(rowOfPair.Where(r => r >= 0), plan.RowsOfTokens.data<long>());
                Assert.Equal(
                    Enumerable.Range(0, sample.Tokens).Select(t => rowOfPair.Take(t * sample.TopK).LongCount(r => r >= 0)),
                    plan.TokenStarts.data<long>());
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void Torch_operations_give_the_same_plan_as_the_counting_sort()
    {
        Assignments.Sample(
            sample =>
            {
                using var scope = NewDisposeScope();
                Tensor experts = tensor(sample.Chosen, [sample.Tokens, sample.TopK]);

                AssertEqual(CountingSort.Plan(experts, sample.Experts), StableSort.Plan(experts, sample.Experts));
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void A_transposed_assignment_is_planned_as_its_copy_is()
    {
        using var scope = NewDisposeScope();
        Tensor experts = Load.Experts("holes", 20, 4, 6);

        AssertEqual(DispatchPlan.From(experts.t(), 6), DispatchPlan.From(experts.t().contiguous(), 6));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-2)]
    public void An_expert_that_does_not_exist_is_named(long expert)
    {
        using var scope = NewDisposeScope();
        Tensor experts = tensor(new long[] { 0, 1, 3, expert }, [2, 2]);

        ConfigurationException sorted = Assert.Throws<ConfigurationException>(() => CountingSort.Plan(experts, 4));
        ConfigurationException twin = Assert.Throws<ConfigurationException>(() => StableSort.Plan(experts, 4));

        Assert.Contains($"expert {expert}", sorted.Message, StringComparison.Ordinal);
        Assert.Equal(sorted.Message, twin.Message);
    }

    [Fact]
    public void Experts_of_another_type_or_rank_are_refused()
    {
        using var scope = NewDisposeScope();

        Assert.Throws<ArgumentException>(() => DispatchPlan.From(zeros(3, 2, ScalarType.Int32), 4));
        Assert.Throws<ArgumentException>(() => DispatchPlan.From(zeros(3, ScalarType.Int64), 4));
    }

    [Fact]
    public void The_local_dispatcher_leaves_tokens_and_outputs_where_they_are()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(5, 8), weights = rand(5, 2);
        LocalDispatcher dispatcher = new();

        DispatchedTokens dispatched = dispatcher.Dispatch(x, new Assignment(Load.Experts("uniform", 5, 2, 4), weights), 4);

        Assert.Same(x, dispatched.X);
        Assert.Same(weights, dispatched.Weights);
        Assert.Equal(10, dispatched.Plan.Rows);
        Assert.Same(x, dispatcher.Combine(x, dispatched));
    }

    private static void AssertEqual(DispatchPlan actual, DispatchPlan expected)
    {
        Assert.Equal(expected.Tokens, actual.Tokens);
        Assert.Equal(expected.TopK, actual.TopK);
        Assert.Equal(expected.Counts, actual.Counts);
        Assert.Equal(expected.Offsets, actual.Offsets);
        Assert.Equal(expected.PairOfRow.data<long>(), actual.PairOfRow.data<long>());
        Assert.Equal(expected.TokenOfRow.data<long>(), actual.TokenOfRow.data<long>());
        Assert.Equal(expected.RowOfPair.shape, actual.RowOfPair.shape);
        Assert.Equal(expected.RowOfPair.data<long>(), actual.RowOfPair.data<long>());
        Assert.Equal(expected.RowsOfTokens.data<long>(), actual.RowsOfTokens.data<long>());
        Assert.Equal(expected.TokenStarts.data<long>(), actual.TokenStarts.data<long>());
        Assert.Equal(expected.Ends.data<int>(), actual.Ends.data<int>());
        Assert.Equal(ScalarType.Int32, actual.Ends.dtype);
    }
}
