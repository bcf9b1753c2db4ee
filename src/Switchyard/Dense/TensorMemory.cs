using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>Addresses of contiguous CPU tensors, valid as long as the tensor is.</summary>
internal static unsafe class TensorMemory
{
    public static float* Floats(Tensor? t) => t is null ? null : (float*)Address(t);

    /// <summary>The address of the first value of a tensor of any strides.</summary>
    public static float* FirstFloat(Tensor t)
    {
        using Tensor first = t.as_strided([1], [1], t.storage_offset());
        return Floats(first);
    }

    public static void* Address(Tensor t)
    {
        Debug.Assert(t.is_contiguous(), "kernels read contiguous memory");
        if (t.numel() * t.element_size() <= int.MaxValue)
        {
            return Unsafe.AsPointer(ref MemoryMarshal.GetReference(t.bytes));
        }

        // A span holds 2 GiB at most; the first element has the same address.
        using Tensor flat = t.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>A view for a node of the graph: torch takes the gradient of a view over where it would copy that of a parameter, which is still referred to.</summary>
    public static Tensor Viewed(this Tensor t) => t.view(t.shape);

    /// <summary>Returns gradients from a node: torch reads the handles after the node has returned, so until then something must refer to the tensors.</summary>
    public static List<Tensor> Return(this autograd.AutogradContext context, params Tensor?[] gradients)
    {
        List<Tensor> list = [.. gradients.Select(g => g!)];
        foreach (Tensor? gradient in gradients)
        {
            gradient?.MoveToOuterDisposeScope();
        }

        context.save_data("gradients", list);
        return list;
    }
}
