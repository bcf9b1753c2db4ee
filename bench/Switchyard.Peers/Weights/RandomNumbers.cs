namespace Switchyard.Peers.Weights;

/// <summary>A stream of random bits from a seed (SplitMix64, Steele et al. 2014): streams of different seeds can be drawn side by side.</summary>
/// <param name="seed">The seed.</param>
internal struct RandomNumbers(ulong seed)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private ulong _state = seed * 0xD1342543DE82EF95;

    /// <summary>A seed for each name and number (FNV-1a).</summary>
    public static ulong SeedOf(string name, int seed)
    {
        ulong hash = 0xCBF29CE484222325 ^ (uint)seed;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }

        return hash;
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        _state += Golden;
        ulong bits = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }

    /// <summary>Fills with uniform numbers of mean 0 and the deviation given.</summary>
    public void Fill(Span<float> values, float deviation)
    {
        // A uniform number on [−a, a] has the deviation a/√3.
        float step = deviation * MathF.Sqrt(3) / int.MaxValue;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (int)(Next() >> 32) * step;
        }
    }

    /// <summary>Fills with such numbers rounded to bf16, four of every 64 random bits.</summary>
    public void FillBFloat16(Span<ushort> values, float mean, float deviation)
    {
        float step = deviation * MathF.Sqrt(3) / short.MaxValue;
        ulong bits = 0;
        for (int i = 0; i < values.Length; i++)
        {
            bits = i % 4 == 0 ? Next() : bits >> 16;
            values[i] = BFloat16Rounding.Round(mean + ((short)bits * step));
        }
    }
}
