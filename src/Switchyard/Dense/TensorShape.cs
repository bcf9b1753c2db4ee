using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>Checks of shapes where tensors enter: kernels see addresses, and would walk past an end.</summary>
internal static class TensorShape
{
    /// <summary>Refuses a tensor of another shape.</summary>
    /// <param name="tensor">What is checked.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="expected">Its sizes; −1 for any.</param>
    /// <exception cref="ArgumentException">It has another shape.</exception>
    public static void Expect(Tensor tensor, string name, params ReadOnlySpan<long> expected)
    {
        bool fits = tensor.ndim == expected.Length;
        for (int i = 0; fits && i < expected.Length; i++)
        {
            fits = expected[i] < 0 || tensor.size(i) == expected[i];
        }

        if (!fits)
        {
            throw new ArgumentException($"{name} is [{string.Join(", ", tensor.shape)}]; expected [{string.Join(", ", expected.ToArray().Select(n => n < 0 ? "any" : $"{n}"))}]", name);
        }
    }

    /// <summary>Whether a tensor has this shape.</summary>
    public static bool Is(this Tensor tensor, params ReadOnlySpan<long> expected)
    {
        if (tensor.ndim != expected.Length)
        {
            return false;
        }

        for (int i = 0; i < expected.Length; i++)
        {
            if (tensor.size(i) != expected[i])
            {
                return false;
            }
        }

        return true;
    }
}
