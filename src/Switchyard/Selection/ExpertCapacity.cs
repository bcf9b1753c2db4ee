namespace Switchyard.Selection;

/// <summary>How many pairs an expert takes.</summary>
public static class ExpertCapacity
{
    /// <summary>Rounding errors of the product, relative; far below what one pair in any batch is.</summary>
    private const double Rounding = 1e-12;

    /// <summary>C = ⌈factor·T·k/E⌉, but for rounding: 1.1·200·2/4 is 110, though it comes out a little above.</summary>
    /// <param name="factor">The capacity factor.</param>
    /// <param name="tokens">Tokens T.</param>
    /// <param name="k">Experts a token.</param>
    /// <param name="experts">Number of experts E.</param>
    public static long Of(double factor, long tokens, int k, int experts) =>
        (long)Math.Min(Math.Ceiling(factor * tokens * k / experts * (1 - Rounding)), 1L << 62);
}
