namespace Switchyard.Selection;

/// <summary>How many pairs an expert takes.</summary>
public static class ExpertCapacity
{
    /// <summary>C = ⌈factor·T·k/E⌉, with the factor as it is written: 1.1·200·2/4 is 110, which in binary would be a little more, and 111.</summary>
    /// <param name="factor">The capacity factor.</param>
    /// <param name="tokens">Tokens T.</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="experts">Number of experts E.</param>
    public static long Of(double factor, long tokens, int k, int experts) => factor < LargestFactor
        ? (long)Math.Ceiling((decimal)factor * tokens * k / experts)
        : (long)Math.Min(Math.Ceiling(factor * tokens * k / experts), 1L << 62);

    /// <summary>Beyond it the product may not fit into a decimal.</summary>
    private const double LargestFactor = 1e6;
}
