using CsCheck;
using Switchyard.Routing;

namespace Switchyard.Tests.Routing;

public sealed class HashTableTests
{
    private static readonly Gen<(int Experts, int K)> Sizes =
        Gen.Int[1, 70].SelectMany(experts => Gen.Int[1, Math.Min(experts, 9)].Select(k => (experts, k)));

    [Fact]
    public void Experts_of_a_row_are_distinct_and_exist() =>
        Gen.Select(Sizes, Gen.Int[1, 200], Gen.ULong).Sample((sizes, rows, salt) =>
            AllDistinct(HashTable.Random(rows, sizes.Experts, sizes.K, salt), sizes)
            && AllDistinct(HashTable.Balanced(new long[rows], sizes.Experts, sizes.K, salt), sizes));

    [Fact]
    public void A_row_depends_on_its_number_and_the_salt_alone() =>
        Gen.Select(Sizes, Gen.Int[1, 100], Gen.ULong).Sample((sizes, rows, salt) =>
            HashTable.Random(rows + 50, sizes.Experts, sizes.K, salt).AsSpan(0, rows * sizes.K)
                .SequenceEqual(HashTable.Random(rows, sizes.Experts, sizes.K, salt)));

    [Fact]
    public void Balanced_loads_differ_by_no_more_than_the_largest_frequency() =>
        Gen.Select(Sizes, Gen.Long[0, 1_000_000].Array[1, 300], Gen.ULong).Sample((sizes, frequencies, salt) =>
        {
            long[] load = Load(HashTable.Balanced(frequencies, sizes.Experts, sizes.K, salt), frequencies, sizes);
            return load.Max() - load.Min() <= frequencies.Max();
        });

    [Fact]
    public void Zipf_frequencies_are_spread_evenly_up_to_the_most_frequent_tokens()
    {
        long[] frequencies = [.. Enumerable.Range(1, 20_000).Select(rank => 1_000_000L / (rank + 20))];
        (int Experts, int K) sizes = (12, 2);

        long[] load = Load(HashTable.Balanced(frequencies, sizes.Experts, sizes.K, 5), frequencies, sizes);

        Assert.True(load.Max() <= load.Min() * 1.0001, $"{load.Min()}..{load.Max()}");
    }

    [Fact]
    public void Random_rows_are_uniform_over_experts()
    {
        (int Experts, int K) sizes = (7, 3);
        int rows = 70_000;

        long[] load = Load(HashTable.Random(rows, sizes.Experts, sizes.K, 1), [.. Enumerable.Repeat(1L, rows)], sizes);

        double expected = (double)rows * sizes.K / sizes.Experts;
        double deviation = Math.Sqrt(expected);
        Assert.All(load, n => Assert.InRange(n, expected - (5 * deviation), expected + (5 * deviation)));
    }

    [Fact]
    public void Layers_and_seeds_give_different_tables()
    {
        int[][] tables = [.. new[] { (0L, 0), (0L, 1), (1L, 0) }.Select(s => HashTable.Random(100, 16, 2, HashTable.Salt(s.Item1, s.Item2)))];
        int[][] balanced = [.. new[] { (0L, 0), (0L, 1), (1L, 0) }.Select(s => HashTable.Balanced(new long[100], 16, 2, HashTable.Salt(s.Item1, s.Item2)))];

        Assert.Equal(3, tables.Select(t => string.Join(',', t)).Distinct(StringComparer.Ordinal).Count());
        Assert.All(balanced, t => Assert.Equal(200, t.Length));
    }

    private static bool AllDistinct(int[] table, (int Experts, int K) sizes) =>
        table.Chunk(sizes.K).All(row => row.Distinct().Count() == sizes.K && row.All(e => e >= 0 && e < sizes.Experts));

    private static long[] Load(int[] table, long[] frequencies, (int Experts, int K) sizes)
    {
        long[] load = new long[sizes.Experts];
        for (int i = 0; i < table.Length; i++)
        {
            load[table[i]] += frequencies[i / sizes.K];
        }

        return load;
    }
}
