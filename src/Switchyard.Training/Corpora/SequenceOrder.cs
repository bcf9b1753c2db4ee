namespace Switchyard.Training.Corpora;

/// <summary>
/// A pseudo-random order of the numbers 0 … n−1 that is computed, not stored: a keyed Feistel network over the next even power of two,
/// walked along its cycle until it falls below n (Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002, "cycle walking").
/// </summary>
internal readonly struct SequenceOrder
{
    private const int Rounds = 6;
    private readonly long _count;
    private readonly int _half;
    private readonly ulong _key;

    public SequenceOrder(long count, long seed, long epoch)
    {
        _count = count;
        _key = Mix(Mix((ulong)seed + 0x9E3779B97F4A7C15) + (ulong)epoch);
        int bits = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(1, count - 1));
        _half = (bits + 1) / 2;
    }

    /// <summary>The number at a position, 0 ≤ position &lt; n.</summary>
    public long this[long position]
    {
        get
        {
            ulong value = (ulong)position;
            do
            {
                value = Permute(value);
            }
            while (value >= (ulong)_count);

            return (long)value;
        }
    }

    private ulong Permute(ulong value)
    {
        ulong mask = (1UL << _half) - 1;
        ulong left = value >> _half;
        ulong right = value & mask;
        for (ulong round = 1; round <= Rounds; round++)
        {
            (left, right) = (right, left ^ (Mix(right + (_key ^ (round << 56))) & mask));
        }

        return (left << _half) | right;
    }

    /// <summary>The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
