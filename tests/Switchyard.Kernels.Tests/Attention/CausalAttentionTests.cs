namespace Switchyard.Kernels.Tests.Attention;

public sealed class CausalAttentionTests
{
    /// <summary>Of the largest value of a result. Sums of hundreds of products and one exponential are behind each.</summary>
    private const double Tolerance = 4e-6;

    public static TheoryData<InstructionSet> Sets() => Engines.Sets();

    [Theory]
    [MemberData(nameof(Sets))]
    public void Values_and_gradients_agree_with_double_precision_at_every_length(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        for (int tokens = 1; tokens <= 70; tokens++)
            Compare(engine, new AttentionCase(1, tokens, 2, 1, 1 + (tokens * 7 % 40), 1 + (tokens * 5 % 36)));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Values_and_gradients_agree_with_double_precision_at_every_head_size(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 2);
        for (int size = 1; size <= 70; size++)
            Compare(engine, new AttentionCase(2, 1 + (size * 11 % 50), 1, 1, size, 71 - size));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Values_and_gradients_agree_with_double_precision_over_many_blocks(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set, 3);
        Compare(engine, new AttentionCase(1, 97, 3, 1, 32, 32));
        Compare(engine, new AttentionCase(2, 256, 4, 2, 32, 32));
        Compare(engine, new AttentionCase(1, 500, 1, 1, 64, 64));
        Compare(engine, new AttentionCase(1, 413, 2, 2, 128, 96));
        Compare(engine, new AttentionCase(1, 195, 2, 1, 192, 128));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Scores_far_beyond_the_range_of_the_exponential_are_no_problem(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set);
        // Scores of hundreds are off by a unit in their last place, some 10⁻⁵, which is what a probability is then off by.
        Compare(engine, new AttentionCase(1, 300, 2, 1, 32, 16, Spread: 200), tolerance: 1e-4);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Nothing_is_touched_before_the_first_value(InstructionSet set)
    {
        using KernelEngine engine = Engines.Make(set);
        foreach (AttentionCase sizes in (AttentionCase[])[new(1, 5, 2, 1, 3, 7), new(1, 131, 1, 1, 32, 17), new(2, 33, 2, 2, 48, 31)])
            Assert.Equal(sizes.Run(engine), sizes.Run(engine, atEnd: false));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Bits_are_equal_at_any_number_of_threads(InstructionSet set)
    {
        AttentionCase sizes = new(1, 421, 4, 2, 24, 40);
        using KernelEngine one = Engines.Make(set);
        float[][] expected = sizes.Run(one);
        foreach (int threads in (int[])[2, 3, 7])
        {
            using KernelEngine engine = Engines.Make(set, threads);
            Assert.Equal(expected, sizes.Run(engine));
        }
    }

    [Fact]
    public void No_tokens_are_no_work()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable);
        Assert.All(new AttentionCase(2, 0, 2, 1, 8, 8).Run(engine), Assert.Empty);
    }

    [Fact]
    public void Heads_that_no_group_divides_are_refused()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable);
        Assert.Throws<InvalidOperationException>(() => new AttentionCase(1, 2, 3, 2, 8, 8).Run(engine));
    }

    private static void Compare(KernelEngine engine, AttentionCase sizes, double tolerance = Tolerance)
    {
        float[][] actual = sizes.Run(engine);
        double[][] expected = sizes.Expected();
        for (int i = 0; i < expected.Length; i++)
        {
            double largest = expected[i].Max(Math.Abs), error = expected[i].Zip(actual[i], (e, a) => double.IsFinite(a) ? Math.Abs(e - a) : double.PositiveInfinity).Max();
            Assert.True(error <= tolerance * Math.Max(largest, 0.1), $"{AttentionCase.Names[i]} of {sizes}: error {error:g3}, largest value {largest:g3}");
        }
    }
}
