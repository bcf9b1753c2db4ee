using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Training.Profiles;
using static TorchSharp.torch;

namespace Switchyard.Training.Quantizing;

/// <summary>A batch of text and its states between two layers.</summary>
internal sealed class CalibrationBatch : IDisposable
{
    private readonly MoeTransformer _model;
    private readonly Tensor _tokens;
    private Tensor _hidden;

    public CalibrationBatch(MoeTransformer model, WindowBatch batch)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        _model = model;
        _tokens = tensor([.. batch.Windows.SelectMany(w => w.Tokens).Select(t => (long)t)], [batch.Windows.Count, batch.Length]).DetachFromDisposeScope();
        _hidden = model.Layerwise(new TransformerInput(_tokens)).Embed().DetachFromDisposeScope();
    }

    /// <summary>Runs a layer for what it lets an observer see.</summary>
    public void Look(int layer, IRoutingObserver observer)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        _model.Layerwise(new TransformerInput(_tokens)).Run(layer, _hidden, observer);
    }

    /// <summary>Goes through a layer.</summary>
    public void Advance(int layer)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor before = _hidden;
        _hidden = _model.Layerwise(new TransformerInput(_tokens)).Run(layer, before).Hidden.DetachFromDisposeScope();
        before.Dispose();
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _hidden.Dispose();
    }
}
