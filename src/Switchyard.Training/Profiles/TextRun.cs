using Switchyard.Metrics;
using Switchyard.Models;
using static TorchSharp.torch;

namespace Switchyard.Training.Profiles;

/// <summary>Puts windows of text before a model, in inference.</summary>
internal static class TextRun
{
    /// <summary>Runs a batch and scores the fresh targets of each window.</summary>
    /// <param name="model">The model, in inference.</param>
    /// <param name="batch">The windows.</param>
    /// <param name="observer">Sees the routing of all B·N tokens; null for the loss alone.</param>
    /// <returns>Sum of −ln p over the scored targets of each window, [B].</returns>
    public static float[] Run(MoeTransformer model, WindowBatch batch, IRoutingObserver? observer)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        int rows = batch.Windows.Count;
        int first = batch.Windows[0].FirstTarget;
        long[] ids = [.. batch.Windows.SelectMany(w => w.Tokens).Select(t => (long)t)];
        Tensor tokens = tensor(ids, [rows, batch.Length]);
        Tensor logits = model.Run(tokens, observer).Logits;
        if (first >= batch.Length)
        {
            return new float[rows];
        }

        Tensor predicted = logits.slice(1, first - 1, batch.Length - 1, 1);
        Tensor targets = tokens.slice(1, first, batch.Length, 1);
        Tensor losses = nn.functional.cross_entropy(predicted.flatten(0, 1), targets.flatten(), reduction: nn.Reduction.None);
        return losses.view(rows, -1).sum(1).cpu().data<float>().ToArray();
    }
}
