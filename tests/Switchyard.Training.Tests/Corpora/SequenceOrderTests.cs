using CsCheck;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class SequenceOrderTests
{
    [Fact]
    public void It_is_a_permutation() =>
        Gen.Select(Gen.Int[1, 3000], Gen.Long, Gen.Long[0, 1000]).Sample((count, seed, epoch) =>
        {
            var order = new SequenceOrder(count, seed, epoch);
            var seen = new bool[count];
            for (int i = 0; i < count; i++)
            {
                Assert.False(seen[order[i]]);
                seen[order[i]] = true;
            }
        });

    [Fact]
    public void Seeds_and_epochs_differ_and_neighbours_are_scattered()
    {
        const int Count = 10_000;
        var one = new SequenceOrder(Count, 1, 0);
        var nextEpoch = new SequenceOrder(Count, 1, 1);
        var nextSeed = new SequenceOrder(Count, 2, 0);
        int same = 0;
        double distance = 0;
        for (int i = 0; i + 1 < Count; i++)
        {
            same += (one[i] == nextEpoch[i] ? 1 : 0) + (one[i] == nextSeed[i] ? 1 : 0) + (one[i] == i ? 1 : 0);
            distance += Math.Abs(one[i] - one[i + 1]);
        }

        // A random permutation has one fixed point on average, and neighbours a third of the length apart.
        Assert.InRange(same, 0, 20);
        Assert.InRange(distance / Count / Count, 0.31, 0.36);
    }

    [Fact]
    public void Lengths_beyond_32_bits_work()
    {
        var order = new SequenceOrder(3L << 40, 5, 0);
        var seen = new HashSet<long>();
        for (long i = (3L << 40) - 1000; i < 3L << 40; i++)
        {
            Assert.InRange(order[i], 0, (3L << 40) - 1);
            Assert.True(seen.Add(order[i]));
        }
    }
}
