using System.Text;
using CsCheck;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class CorpusSplitTests
{
    [Fact]
    public void The_hash_is_stable_across_versions()
    {
        // The first 8 bytes, little-endian, of SHA-256 of "abc" and of nothing (FIPS 180-4 examples).
        Assert.Equal(0xEACF018FBF1678BAUL, CorpusSplit.Hash("abc"u8));
        Assert.Equal(0x141CFC9842C4B0E3UL, CorpusSplit.Hash(""u8));
    }

    [Fact]
    public void Texts_that_differ_in_white_space_alone_have_one_hash()
    {
        Gen<string> space = Gen.Char[" \t\n\r\v\f"].Array[1, 4].Select(c => new string(c));
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 6].Array[1, 6], space.Array[14]).Sample((words, spaces) =>
        {
            string one = string.Join(' ', words);
            string other = spaces[^1] + string.Concat(words.Select((w, i) => w + spaces[i]));
            Assert.Equal(CorpusSplit.Hash(Encoding.UTF8.GetBytes(one)), CorpusSplit.Hash(Encoding.UTF8.GetBytes(other)));
            Assert.NotEqual(CorpusSplit.Hash(Encoding.UTF8.GetBytes(one)), CorpusSplit.Hash(Encoding.UTF8.GetBytes(one + "x")));
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public void The_share_held_out_is_near_the_one_asked_for(double share)
    {
        var split = new CorpusSplit { HeldOutShare = share };
        const int Count = 20_000;
        int heldOut = Enumerable.Range(0, Count).Count(i => split.IsHeldOut(CorpusSplit.Hash(Encoding.UTF8.GetBytes($"document {i}"))));

        // Five standard deviations of a binomial draw.
        double tolerance = 5 * Math.Sqrt(share * (1 - share) * Count);
        Assert.InRange(heldOut, (share * Count) - tolerance, (share * Count) + tolerance);
    }

    [Fact]
    public void A_larger_share_holds_out_what_a_smaller_one_does() =>
        Gen.Select(Gen.ULong, Gen.Double[0, 0.99], Gen.Double[0, 0.99]).Sample((hash, a, b) =>
            !new CorpusSplit { HeldOutShare = Math.Min(a, b) }.IsHeldOut(hash) || new CorpusSplit { HeldOutShare = Math.Max(a, b) }.IsHeldOut(hash));

    [Theory]
    [InlineData(-0.01)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_share_out_of_range_is_refused(double share) =>
        Assert.Throws<ConfigurationException>(() => new CorpusSplit { HeldOutShare = share });
}
