using System.Diagnostics;
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
        return (float*)t.Address();
    }

    public void* Address(Tensor t)
    {
        Debug.Assert(t.is_contiguous(), "kernels read contiguous memory");
        _tensors.Add(t);
        return (void*)t.Address();
    }

    /// <summary>Lets the tensors go; the addresses are no longer valid.</summary>
    public void Dispose()
    {
        _tensors.Clear();
        GC.KeepAlive(this);
    }
}
