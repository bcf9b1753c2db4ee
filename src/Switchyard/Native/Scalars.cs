using TorchSharp;

namespace Switchyard.Native;

/// <summary>Numbers for torch's operations that live as long as the operation needs them.</summary>
/// <remarks>TorchSharp 0.107 turns the 2 of <c>tensor * 2</c> into a native object, passes its address on and holds it no longer: a collection during the call frees it under the operation, which then reads something else. The scalars of this class stay referenced until their thread has asked for <see cref="Depth"/> others, far beyond the one call that they are made for, and are then disposed, so that no finalizer has part in it. Write <c>tensor * Held(2)</c>, and keep no scalar of this class for later.</remarks>
public static class Scalars
{
    /// <summary>How many scalars of a thread are alive.</summary>
    public const int Depth = 256;

    [ThreadStatic]
    private static Scalar?[]? _alive;

    [ThreadStatic]
    private static int _next;

    /// <summary>A floating-point number for the operation that is called next on this thread.</summary>
    /// <param name="value">The number.</param>
    public static Scalar Held(double value) => Keep(value.ToScalar());

    /// <summary>A whole number for the operation that is called next on this thread.</summary>
    /// <param name="value">The number.</param>
    public static Scalar Held(long value) => Keep(value.ToScalar());

    private static Scalar Keep(Scalar scalar)
    {
        Scalar?[] alive = _alive ??= new Scalar?[Depth];
        ref Scalar? place = ref alive[_next++ % Depth];
        place?.Dispose();
        return place = scalar;
    }
}
