using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dense;

public sealed unsafe class TensorMemoryTests
{
    [Fact]
    public void The_address_is_that_of_the_first_element_of_a_view()
    {
        using var scope = NewDisposeScope();
        Tensor whole = arange(12, ScalarType.Float32);
        float* address = TensorMemory.Floats(whole.narrow(0, 5, 3));
        Assert.Equal(5, *address);
        Assert.Equal((nint)TensorMemory.Floats(whole) + (5 * sizeof(float)), (nint)address);
    }

    [Fact]
    public void A_tensor_larger_than_a_span_has_an_address()
    {
        using var scope = NewDisposeScope();
        // Pages that nobody touches take no memory.
        Tensor large = empty((1L << 31) + 8, ScalarType.Int8);
        Tensor head = large.narrow(0, 0, 8);
        Assert.Equal((nint)TensorMemory.Address(head), (nint)TensorMemory.Address(large));
        head.fill_(7);
        Assert.Equal(7, *(sbyte*)TensorMemory.Address(large));
    }

    [Fact]
    public void No_tensor_has_no_address() => Assert.True(TensorMemory.Floats(null) == null);
}
