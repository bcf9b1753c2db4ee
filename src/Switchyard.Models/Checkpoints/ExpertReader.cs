using Switchyard.Experts;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Fills the matrices of one MoE layer's experts from a checkpoint: expert by expert, or fused (<c>gate_up_proj</c> [E, 2f, d] and <c>down_proj</c> [E, d, f], or both transposed).</summary>
internal sealed class ExpertReader
{
    private readonly ExpertWeights _experts;
    private readonly CheckpointTensors _tensors;
    private readonly List<(string Name, Func<Tensor> Target)> _wanted = [];

    /// <summary>Finds out which tensors the layer's experts are in; nothing is read yet.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="names">How it names them.</param>
    public ExpertReader(MoeLayer layer, CheckpointTensors tensors, TensorNames names)
    {
        _experts = layer.Experts;
        _tensors = tensors;
        string prefix = ModelTensors.ExpertsPrefix(layer.Options.Layer);
        Add(prefix, "gate_up_proj", () => _experts.GateUp, e => ModelTensors.OfMatrices($"{prefix}{e}.", "gate_up", _experts.GateUp, e, Gated));
        Add(prefix, "down_proj", () => _experts.Down, e => ModelTensors.OfMatrices($"{prefix}{e}.", "down", _experts.Down, e, Gated));
        if (_experts.Options.Bias)
        {
            Add(prefix, "gate_up_proj_bias", () => _experts.GateUpBias!, e => ModelTensors.OfMatrices($"{prefix}{e}.", "gate_up_bias", _experts.GateUpBias!, e, Gated));
            Add(prefix, "down_proj_bias", () => _experts.DownBias!, e => ModelTensors.OfMatrices($"{prefix}{e}.", "down_bias", _experts.DownBias!, e, Gated));
        }

        void Add(string stem, string fused, Func<Tensor> whole, Func<int, IEnumerable<(string Name, Func<Tensor> Part)>> parts)
        {
            string name = new[] { names.Of(stem + fused), stem + fused }.FirstOrDefault(tensors.Has) ?? string.Empty;
            _wanted.AddRange(name.Length > 0
                ? [(name, whole)]
                : Enumerable.Range(0, _experts.Options.Experts).SelectMany(parts).Select(p => (names.Of(p.Name), p.Part)));
        }
    }

    /// <summary>Names of the tensors that will be read.</summary>
    public IEnumerable<string> Names => _wanted.Select(w => w.Name);

    private bool Gated => _experts.Options.Activation == ExpertActivation.SwiGlu;

    /// <summary>Reads them.</summary>
    public void Fill()
    {
        foreach ((string name, Func<Tensor> target) in _wanted)
        {
            using var scope = NewDisposeScope();
            Copy(name, target());
        }
    }

    /// <summary>Where both sizes of a fused matrix are equal it is taken as it is.</summary>
    private void Copy(string name, Tensor target)
    {
        IReadOnlyList<long> shape = _tensors.Entry(name).Shape;
        bool turned = target.dim() == 3 && target.size(1) != target.size(2) && shape.SequenceEqual([target.size(0), target.size(2), target.size(1)]);
        _tensors.CopyTo(name, turned ? target.transpose(1, 2) : target);
    }
}
