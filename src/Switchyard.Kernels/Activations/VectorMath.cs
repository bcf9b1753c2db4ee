using System.Runtime.CompilerServices;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Activations;

/// <summary>Elementary functions in single precision, a few units in the last place, the same steps at every width.</summary>
internal static class VectorMath<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>Adding it leaves the nearest integer, plus the exponent bias 127, in the low bits of the mantissa.</summary>
    private const float Rounding = 12582912f + 127f;
    private const float Log2E = 1.44269504f;

    /// <summary>ln 2 in two parts, of which the first has few bits, so that n · ln 2 is taken off exactly.</summary>
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>e^x, x clamped to where the result is a normal number: 2^n · e^r, n = round(x / ln 2), and e^r by its Taylor series to r⁷ (|r| ≤ 0.35: the next term is under 6·10⁻⁹).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp(TVector x)
    {
        x = TLanes.Max(TLanes.Min(x, TLanes.Broadcast(88.3f)), TLanes.Broadcast(-87.3f));
        TVector shifted = TLanes.MultiplyAdd(x, TLanes.Broadcast(Log2E), TLanes.Broadcast(Rounding));
        TVector n = TLanes.Subtract(shifted, TLanes.Broadcast(Rounding));
        TVector r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-Ln2High), x);
        r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-Ln2Low), r);
        TVector p = TLanes.Broadcast(1f / 5040);
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 720));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 120));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 24));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 6));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.5f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));
        return TLanes.Multiply(p, TLanes.MantissaToExponent(shifted));
    }

    /// <summary>2^x for x ≤ 127: 2^n · 2^r, n = round(x), and 2^r by a minimax polynomial of our own (|r| ≤ 0.5, 1 at 0, relative error under 3·10⁻⁹ before rounding). 0 below −126.5, and for −∞; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpBaseTwo(TVector x)
    {
        // The second operand is what x64 gives where one is NaN. At −127 the exponent's bits are those of zero.
        x = TLanes.Max(TLanes.Broadcast(-127f), x);
        TVector shifted = TLanes.Add(x, TLanes.Broadcast(Rounding));
        TVector r = TLanes.Subtract(x, TLanes.Subtract(shifted, TLanes.Broadcast(Rounding)));
        TVector p = TLanes.Broadcast(0.000155946776f);
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.00134066439f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.00961769297f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.0555031055f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.240226528f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.693147215f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));
        return TLanes.Multiply(p, TLanes.MantissaToExponent(shifted));
    }

    /// <summary>1 / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid(TVector x)
    {
        TVector one = TLanes.Broadcast(1f);
        return TLanes.Divide(one, TLanes.Add(one, Exp(TLanes.Subtract(TLanes.Zero, x))));
    }

    /// <summary>
    /// Φ(x) and e^(−x²/2). With z = |x|/√2 and t = 1 / (1 + 0.55 z), erfc(z) · e^(z²) is t times a polynomial in t (a Chebyshev
    /// fit of our own for z ≤ 9.4, relative error under 3·10⁻⁷ in single precision), so that the left tail is relatively exact.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVector Distribution, TVector Bell) Normal(TVector x)
    {
        TVector one = TLanes.Broadcast(1f);
        TVector magnitude = TLanes.Max(x, TLanes.Subtract(TLanes.Zero, x));
        TVector t = TLanes.Divide(one, TLanes.MultiplyAdd(magnitude, TLanes.Broadcast(0.55f * 0.70710678f), one));
        TVector bell = Exp(TLanes.Multiply(TLanes.Multiply(x, x), TLanes.Broadcast(-0.5f)));
        TVector p = TLanes.Broadcast(0.0577300787f);
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(-0.335098833f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.777994156f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(-0.849671185f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.361335695f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(-0.0938589498f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.201751858f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.25886479f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.310660273f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.310292155f));
        TVector tail = TLanes.Multiply(TLanes.Multiply(p, t), TLanes.Multiply(bell, TLanes.Broadcast(0.5f)));
        return (TLanes.WherePositive(x, TLanes.Subtract(one, tail), tail), bell);
    }
}
