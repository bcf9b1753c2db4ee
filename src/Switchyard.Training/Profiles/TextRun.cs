using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Masking;
using static TorchSharp.torch;

namespace Switchyard.Training.Profiles;

/// <summary>Puts windows of text before a model, in inference.</summary>
internal static class TextRun
{
    /// <summary>Runs a batch and scores the fresh targets of each window: the tokens themselves in a decoder, those that are masked in an encoder.</summary>
    /// <param name="model">The model, in inference.</param>
    /// <param name="batch">The windows.</param>
    /// <param name="observer">Sees the routing of all B·N tokens; null for the loss alone.</param>
    /// <param name="masking">How tokens are masked for an encoder; null for a decoder.</param>
    /// <param name="cancellation">Stops between MoE layers.</param>
    /// <returns>The loss of each window, [B].</returns>
    /// <exception cref="ConfigurationException">A loss is no number: a weight of the model is none, or its products overflow.</exception>
    public static WindowLoss[] Run(MoeTransformer model, WindowBatch batch, IRoutingObserver? observer, TokenMasking? masking, CancellationToken cancellation)
    {
        observer = cancellation.CanBeCanceled ? new CancellableObserver(observer, cancellation) : observer;
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        long[] ids = [.. batch.Windows.SelectMany(w => w.Tokens).Select(t => (long)t)];
        WindowLoss[] losses = masking is null ? Next(model, batch, ids, observer) : Masked(model, batch, ids, observer, masking);
        return Array.TrueForAll(losses, l => double.IsFinite(l.Sum))
            ? losses
            : throw new ConfigurationException($"the model's loss on tokens {batch.Windows[0].Begin:N0} and after of document {batch.Windows[0].Document} is not a finite number: a weight is NaN or infinite, or its products overflow");
    }

    private static WindowLoss[] Next(MoeTransformer model, WindowBatch batch, long[] ids, IRoutingObserver? observer)
    {
        int rows = batch.Windows.Count;
        int first = batch.Windows[0].FirstTarget;
        Tensor tokens = tensor(ids, [rows, batch.Length]);
        Tensor logits = model.Run(tokens, observer).Logits;
        if (first >= batch.Length)
        {
            return new WindowLoss[rows];
        }

        Tensor predicted = logits.slice(1, first - 1, batch.Length - 1, 1);
        Tensor targets = tokens.slice(1, first, batch.Length, 1);
        Tensor losses = nn.functional.cross_entropy(predicted.flatten(0, 1), targets.flatten(), reduction: nn.Reduction.None);
        return [.. losses.view(rows, -1).sum(1).cpu().data<float>().ToArray().Select((sum, b) => new WindowLoss(sum, batch.Windows[b].Targets))];
    }

    private static WindowLoss[] Masked(MoeTransformer model, WindowBatch batch, long[] ids, IRoutingObserver? observer, TokenMasking masking)
    {
        List<long> places = [], wanted = [];
        int[] counts = new int[batch.Windows.Count];
        foreach ((int b, TextWindow window) in batch.Windows.Index())
        {
            int end = batch.Length - window.After;
            foreach ((int place, long token) in masking.Mask(ids.AsSpan(b * batch.Length, batch.Length), end - window.Fresh, end, unchecked((window.Document * 1_000_003L) + window.Begin)))
            {
                places.Add(((long)b * batch.Length) + place);
                wanted.Add(token);
                counts[b]++;
            }
        }

        Tensor states = model.Encode(new TransformerInput(tensor(ids, [batch.Windows.Count, batch.Length])), observer).Last;
        if (places.Count == 0)
        {
            return new WindowLoss[counts.Length];
        }

        Tensor logits = model.LogitsOf(states.flatten(0, 1).index_select(0, tensor(places)));
        float[] losses = nn.functional.cross_entropy(logits, tensor(wanted), reduction: nn.Reduction.None).cpu().data<float>().ToArray();
        WindowLoss[] result = new WindowLoss[counts.Length];
        for (int b = 0, at = 0; b < counts.Length; at += counts[b++])
        {
            result[b] = new WindowLoss(losses.AsSpan(at, counts[b]).ToArray().Sum(l => (double)l), counts[b]);
        }

        return result;
    }
}
