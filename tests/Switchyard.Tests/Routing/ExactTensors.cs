using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

/// <summary>Equality to the last bit.</summary>
internal static class ExactTensors
{
    public static bool IsSameAs(this Tensor actual, Tensor expected) =>
        actual.shape.SequenceEqual(expected.shape) && actual.dtype == expected.dtype && actual.eq(expected).all().item<bool>();
}
