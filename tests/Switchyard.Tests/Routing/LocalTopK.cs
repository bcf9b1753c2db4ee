using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Routing;

/// <summary>Top-k and softmax over the chosen, written here so that routers are tested without any selector.</summary>
internal static class LocalTopK
{
    public static Assignment Select(Tensor scores, int k) => Weigh(scores, scores.detach().topk(k, -1).indexes);

    public static Assignment Weigh(Tensor scores, Tensor experts) => new(experts, scores.gather(1, experts).softmax(-1));
}
