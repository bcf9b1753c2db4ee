namespace Switchyard.Kernels.FeedForward;

/// <summary>Where <see cref="GroupedFeedForward.Backward"/> reads the gradient of y and writes the others; a null output is not computed.</summary>
public sealed unsafe class FeedForwardGradients
{
    /// <summary>Gradient of y, [T, d].</summary>
    public required float* Y { get; init; }

    /// <summary>Gradient of x, [T, d], or null.</summary>
    public float* X { get; init; }

    /// <summary>Gradient of the first matrices, [G, m, d], or null.</summary>
    public float* First { get; init; }

    /// <summary>Gradient of the biases of the first product, [G, m], or null.</summary>
    public float* FirstBias { get; init; }

    /// <summary>Gradient of the second matrices, [G, d, f], or null.</summary>
    public float* Second { get; init; }

    /// <summary>Gradient of the biases of the second product, [G, d], or null.</summary>
    public float* SecondBias { get; init; }

    /// <summary>Gradient of the weights, where the weights stand, or null. Weights that no row names are left as they are.</summary>
    public float* Weights { get; init; }

    /// <summary>Whether the gradients of the matrices and biases are added to what stands there, instead of replacing it.</summary>
    public bool Accumulate { get; init; }
}
