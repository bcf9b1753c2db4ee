using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>What every node of ours in the autograd graph needs.</summary>
internal static class GraphNode
{
    /// <summary>A view for a node of the graph: torch takes the gradient of a view over where it would copy that of a parameter, which is still referred to.</summary>
    public static Tensor Viewed(this Tensor t) => t.view(t.shape);

    /// <summary>What the last node of this thread has returned.</summary>
    [ThreadStatic]
    private static List<Tensor>? _returned;

    /// <summary>Returns gradients from a node. Torch takes the tensors when the node has returned: until the next one does, something must refer to them, and longer nothing should, or the gradients of all activations would stay until the end of the step.</summary>
    public static List<Tensor> Return(params Tensor?[] gradients)
    {
        foreach (Tensor? gradient in gradients)
        {
            gradient?.MoveToOuterDisposeScope();
        }

        foreach (Tensor? before in _returned ?? [])
        {
            before?.Dispose();
        }

        return _returned = [.. gradients.Select(g => g!)];
    }
}
