using System.Runtime.CompilerServices;
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
        using TensorMemory memory = new();
        float* address = memory.Floats(whole.narrow(0, 5, 3));
        Assert.Equal(5, *address);
        Assert.Equal((nint)memory.Floats(whole) + (5 * sizeof(float)), (nint)address);
    }

    [Fact]
    public void A_tensor_larger_than_a_span_has_an_address()
    {
        using var scope = NewDisposeScope();
        // Pages that nobody touches take no memory.
        Tensor large = empty((1L << 31) + 8, ScalarType.Int8);
        Tensor head = large.narrow(0, 0, 8);
        using TensorMemory memory = new();
        Assert.Equal((nint)memory.Address(head), (nint)memory.Address(large));
        head.fill_(7);
        Assert.Equal(7, *(sbyte*)memory.Address(large));
    }

    [Fact]
    public void No_tensor_has_no_address()
    {
        using TensorMemory memory = new();
        Assert.True(memory.Floats(null) == null);
    }

    [Fact]
    public void A_tensor_whose_address_is_in_use_survives_the_collector()
    {
        using TensorMemory memory = new();
        WeakReference tensor = Take(memory);
        Collect();
        Assert.True(tensor.IsAlive);
        memory.Dispose();
        Collect();
        Assert.False(tensor.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Take(TensorMemory memory)
        {
            Tensor tensor = ones(4);
            memory.Floats(tensor);
            return new WeakReference(tensor);
        }

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }
    }
}
