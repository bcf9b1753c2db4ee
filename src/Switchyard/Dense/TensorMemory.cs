using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>Addresses of contiguous CPU tensors, for kernels. The tensors are referred to until this is disposed: else the last mention of a tensor could be its end, and its finalizer free what a kernel is reading.</summary>
internal sealed unsafe class TensorMemory : IDisposable
{
    private readonly List<Tensor> _tensors = new(8);

    public float* Floats(Tensor? t) => t is null ? null : (float*)Address(t);

    /// <summary>The address of the first value of a tensor of any strides.</summary>
    public float* FirstFloat(Tensor t)
    {
        _tensors.Add(t);
        using Tensor first = t.as_strided([1], [1], t.storage_offset());
        return (float*)Start(first);
    }

    public void* Address(Tensor t)
    {
        Debug.Assert(t.is_contiguous(), "kernels read contiguous memory");
        _tensors.Add(t);
        if (t.numel() * t.element_size() <= int.MaxValue)
        {
            return Start(t);
        }

        // A span holds 2 GiB at most; the first element has the same address.
        using Tensor flat = t.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return Start(first);
    }

    /// <summary>Lets the tensors go; the addresses are no longer valid.</summary>
    public void Dispose()
    {
        _tensors.Clear();
        GC.KeepAlive(this);
    }

    private static void* Start(Tensor t) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(t.bytes));
}
