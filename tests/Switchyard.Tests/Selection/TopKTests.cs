using CsCheck;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Selection;

public sealed class TopKTests
{
    private static readonly Gen<float> s_score = Gen.OneOf(
        Gen.Int[-3, 3].Select(i => (float)i),
        Gen.Float[-10, 10],
        Gen.OneOf(float.NaN, float.NegativeInfinity, float.PositiveInfinity, -0f));

    private static readonly Gen<(int T, int E, int K, float[] Scores)> s_case =
        from t in Gen.Int[0, 40]
        from e in Gen.OneOf(Gen.Int[1, 20], Gen.Int[60, 140])
        from k in Gen.Int[1, Math.Min(e, 70)]
        from scores in s_score.Array[t * e]
        select (t, e, k, scores);

    [Fact]
    public void Memory_and_torch_choose_the_same() => s_case.Sample(
        c =>
        {
            using var scope = NewDisposeScope();
            Tensor scores = tensor(c.Scores, [c.T, c.E]);
            return TopK.Indices(scores, c.K).eq(TopK.IndicesBySort(scores, c.K)).all().item<bool>()
                && TopK.Indices(scores.to(ScalarType.Float64), c.K).eq(TopK.Indices(scores, c.K)).all().item<bool>();
        },
        iter: 200, threads: 1);

    [Fact]
    public void Chosen_are_the_largest_in_order_with_ties_to_the_lower_index() => s_case.Sample(
        c =>
        {
            long[] chosen = new long[c.T * c.K];
            TopK.Indices(c.Scores, c.T, c.E, c.K, chosen);
            for (int t = 0; t < c.T; t++)
            {
                long[] expected = [.. Enumerable.Range(0, c.E)
                    .Where(e => c.Scores[(t * c.E) + e] > float.NegativeInfinity)
                    .OrderByDescending(e => c.Scores[(t * c.E) + e])
                    .Select(e => (long)e)
                    .Concat(Enumerable.Repeat(-1L, c.K))
                    .Take(c.K)];
                Assert.Equal(expected, chosen.AsSpan(t * c.K, c.K).ToArray());
            }
        },
        iter: 200, threads: 1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Threads_do_not_change_the_choice(int threads)
    {
        Random random = new(7);
        const int Tokens = 2051;
        const int Experts = 64;
        float[] scores = [.. Enumerable.Range(0, Tokens * Experts).Select(_ => (float)random.Next(50))];
        long[] one = new long[Tokens * 4];
        long[] many = new long[Tokens * 4];

        TopK.Indices(scores, Tokens, Experts, 4, one);
        TopK.Indices(scores, Tokens, Experts, 4, many, threads);

        Assert.Equal(one, many);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Places_outside_the_row_are_refused(int k)
    {
        using var scope = NewDisposeScope();
        Tensor scores = zeros(3, 4);

        Assert.Throws<ArgumentOutOfRangeException>(() => TopK.Indices(scores, k));
        Assert.Throws<ArgumentOutOfRangeException>(() => TopK.IndicesBySort(scores, k));
    }

    [Fact]
    public void A_column_slice_is_read_as_it_is()
    {
        using var scope = NewDisposeScope();
        Tensor scores = randn(33, 20).narrow(1, 3, 12);

        Assert.True(TopK.Indices(scores, 3).eq(TopK.Indices(scores.contiguous(), 3)).all().item<bool>());
    }

    [Fact]
    public void Neighbouring_ranks_are_those_of_the_sorted_values() =>
        (from values in Gen.OneOf(Gen.Float[-5, 5], Gen.Int[-2, 2].Select(i => (float)i), Gen.OneOf(float.MinValue, -1e30f, -0f, 0f, 1e-40f, float.MaxValue)).Array[2, 1200]
         from n in Gen.Int[1, values.Length - 1]
         select (values, n)).Sample(
            c =>
            {
                float[] sorted = [.. c.values.OrderDescending()];
                return OrderStatistic.Neighbours((float[])c.values.Clone(), c.n) == (sorted[c.n - 1], sorted[c.n]);
            },
            iter: 300, threads: 1);
}
