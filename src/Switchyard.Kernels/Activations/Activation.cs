namespace Switchyard.Kernels.Activations;

/// <summary>What stands between the two products of a feed-forward network.</summary>
public enum Activation
{
    /// <summary>h = silu(a) · u, with a and u the two halves of the first product; silu(a) = a / (1 + e^−a).</summary>
    SwiGlu = 0,

    /// <summary>h = a · Φ(a), Φ the normal distribution (the exact GELU).</summary>
    Gelu = 1,

    /// <summary>h = max(a, 0).</summary>
    Relu = 2,
}
