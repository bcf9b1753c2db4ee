namespace Switchyard.Models.Blocks;

/// <summary>The angles by which one position turns, θ^(−2i/D) for i in 0..D/2−1, scaled as a model asks for.</summary>
internal static class RotaryFrequencies
{
    /// <summary>Scales frequencies.</summary>
    /// <param name="plain">θ^(−2i/D), [D/2].</param>
    /// <param name="theta">θ.</param>
    /// <param name="scaling">How.</param>
    public static double[] Scaled(ReadOnlySpan<double> plain, double theta, RotaryScaling scaling) => scaling.Kind switch
    {
        RotaryScalingKind.Linear => Each(plain, f => f / scaling.Factor),
        RotaryScalingKind.Yarn => Yarn(plain, theta, scaling),
        RotaryScalingKind.Llama3 => Each(plain, f => Llama3(f, scaling)),
        _ => plain.ToArray(),
    };

    /// <summary>θ of <see cref="RotaryScalingKind.Dynamic"/> for sequences of <paramref name="length"/>.</summary>
    public static double DynamicTheta(int headSize, double theta, RotaryScaling scaling, long length) =>
        length <= scaling.OriginalPositions
            ? theta
            : theta * Math.Pow((scaling.Factor * length / scaling.OriginalPositions) - (scaling.Factor - 1), headSize / (headSize - 2.0));

    private static double[] Yarn(ReadOnlySpan<double> plain, double theta, RotaryScaling scaling)
    {
        int size = 2 * plain.Length;
        double low = Dimension(scaling.FastRotations);
        double high = Dimension(scaling.SlowRotations);
        if (scaling.Truncate)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }

        (low, high) = (Math.Max(low, 0), Math.Min(high, size - 1));
        high = high == low ? high + 0.001 : high;
        double[] scaled = new double[plain.Length];
        for (int i = 0; i < plain.Length; i++)
        {
            double interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            scaled[i] = (plain[i] / scaling.Factor * interpolated) + (plain[i] * (1 - interpolated));
        }

        return scaled;

        // The index of the frequency that turns so many times over the original length.
        double Dimension(double rotations) =>
            size * Math.Log(scaling.OriginalPositions / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    private static double Llama3(double frequency, RotaryScaling scaling)
    {
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength > scaling.OriginalPositions / scaling.LowFrequencyFactor)
        {
            return frequency / scaling.Factor;
        }

        if (wavelength < scaling.OriginalPositions / scaling.HighFrequencyFactor)
        {
            return frequency;
        }

        double smooth = ((scaling.OriginalPositions / wavelength) - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - smooth) * frequency / scaling.Factor) + (smooth * frequency);
    }

    private static double[] Each(ReadOnlySpan<double> plain, Func<double, double> scale)
    {
        double[] scaled = new double[plain.Length];
        for (int i = 0; i < plain.Length; i++)
        {
            scaled[i] = scale(plain[i]);
        }

        return scaled;
    }
}
