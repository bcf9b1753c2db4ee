using static TorchSharp.torch;

namespace Switchyard.Dense;

/// <summary>What every node of ours in the autograd graph needs.</summary>
internal static class GraphNode
{
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
