using Switchyard.Experts;
using Switchyard.Kernels.Storage;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads the experts of one MoE layer from a checkpoint: expert by expert, or fused (<c>gate_up_proj</c> [E, 2f, d] and <c>down_proj</c> [E, d, f], or both transposed); into parameters, or as they are stored, where they are mapped.</summary>
internal sealed class ExpertReader
{
    private readonly ExpertOptions _sizes;
    private readonly WeightReader _weights;
    private readonly Part[] _parts;

    /// <summary>Finds out which tensors the layer's experts are in; nothing is read yet.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="sizes">Sizes of the experts.</param>
    /// <param name="weights">The checkpoint.</param>
    /// <param name="names">How it names them.</param>
    public ExpertReader(int layer, ExpertOptions sizes, WeightReader weights, TensorNames names)
    {
        _sizes = sizes;
        _weights = weights;
        string prefix = ModelTensors.ExpertsPrefix(layer);
        string[] kinds = sizes.Bias ? ["gate_up", "down", "gate_up_bias", "down_bias"] : ["gate_up", "down"];
        _parts = [.. kinds.Select(kind =>
        {
            string stem = prefix + (kind.EndsWith("_bias", StringComparison.Ordinal) ? kind.Replace("_bias", "_proj_bias", StringComparison.Ordinal) : kind + "_proj");
            string? fused = new[] { names.Of(stem), stem }.FirstOrDefault(weights.Checkpoint.Has);
            string[][] single = fused is not null ? [] : [.. Enumerable.Range(0, sizes.Experts).Select(e => ModelTensors.PartNames($"{prefix}{e}.", kind, Gated).Select(names.Of).ToArray())];
            return new Part(kind, fused, single);
        })];
    }

    /// <summary>Whether the experts of a layer are in tensors of all of them together.</summary>
    public static bool AreFused(int layer, CheckpointTensors tensors, TensorNames names)
    {
        string down = ModelTensors.ExpertsPrefix(layer) + "down_proj";
        return tensors.Has(names.Of(down)) || tensors.Has(down);
    }

    /// <summary>Names of the tensors that will be read.</summary>
    public IEnumerable<string> Names => _parts.SelectMany(p => p.Fused is not null ? [p.Fused] : p.Single.SelectMany(names => names.SelectMany(_weights.Tensors)));

    /// <summary>Whether the experts can stay where they are: a fused matrix that lies transposed, experts with biases, and numbers of 64 bits are copied.</summary>
    public bool CanStay => !_sizes.Bias && _parts.All(p => p.Fused is null
        ? p.Single.All(names => names.All(_weights.CanStay))
        : PlainWeights.Reads(_weights.Checkpoint.Entry(p.Fused).Type) && _weights.Checkpoint.Entry(p.Fused).Shape.SequenceEqual(FusedShape(p.Kind)));

    /// <summary>Experts E.</summary>
    public int Experts => _sizes.Experts;

    private bool Gated => _sizes.Activation == ExpertActivation.SwiGlu;

    private int FirstRows => Gated ? 2 * _sizes.InnerSize : _sizes.InnerSize;

    /// <summary>The experts as they are stored.</summary>
    /// <exception cref="CheckpointFormatException">A matrix is missing, damaged, or of another shape or type.</exception>
    public StoredExperts Stay()
    {
        (StoredMatrix GateUp, StoredMatrix Down)[] all = [.. Enumerable.Range(0, Experts).Select(OpenMapped)];
        string[] storages = [.. _parts.SelectMany(p => p.Fused is not null ? [PlainWeights.Name(_weights.Checkpoint.Entry(p.Fused).Type)] : p.Single.SelectMany(n => n).Select(_weights.Storage)).Distinct()];
        return new StoredExperts(_sizes, [.. all.Select(m => m.GateUp)], [.. all.Select(m => m.Down)], string.Join('+', storages));
    }

    /// <summary>Checks by the headers alone that the tensors are of the right types and shapes.</summary>
    /// <exception cref="CheckpointFormatException">One is missing, or of another shape or type.</exception>
    public void Check()
    {
        foreach (Part part in _parts)
        {
            long[] shape = FusedShape(part.Kind);
            if (part.Fused is { } fused)
            {
                _weights.Check(fused, ScalarType.Float32, IsTurned(fused, shape) ? [shape[0], shape[2], shape[1]] : shape);
                continue;
            }

            foreach (string name in part.Single.SelectMany(names => names))
            {
                _weights.Check(name, ScalarType.Float32, [shape[1] / part.Single[0].Length, .. shape[2..]]);
            }
        }
    }

    /// <summary>Where the bytes of an expert are: whole tensors, or its parts of fused ones.</summary>
    public IEnumerable<ExpertPiece> Pieces(int expert)
    {
        foreach (Part part in _parts)
        {
            foreach (string name in part.Fused is not null ? [part.Fused] : part.Single[expert].SelectMany(_weights.Tensors))
            {
                SafetensorsFile file = _weights.Checkpoint.FileOf(name);
                long whole = file.Entry(name).ByteLength, bytes = part.Fused is null ? whole : whole / Experts;
                yield return new ExpertPiece(name, file, part.Fused is null ? 0 : expert * bytes, bytes);
            }
        }
    }

    /// <summary>The matrices of an expert, whose pieces are at given addresses.</summary>
    /// <exception cref="CheckpointFormatException">A matrix is missing, damaged, or of another shape or type.</exception>
    public (StoredMatrix GateUp, StoredMatrix Down) Open(int expert, Func<string, nint> addressOf)
    {
        PlacedTensors placed = new(_weights.Checkpoint, addressOf);
        return (Matrix(_parts[0], expert, FirstRows, _sizes.HiddenSize, placed), Matrix(_parts[1], expert, _sizes.HiddenSize, _sizes.InnerSize, placed));
    }

    /// <summary>Copies the experts into parameters.</summary>
    /// <exception cref="CheckpointFormatException">A matrix is missing, damaged, or of another shape or type.</exception>
    public void Fill(ExpertWeights experts)
    {
        foreach (Part part in _parts)
        {
            using var scope = NewDisposeScope();
            Tensor whole = part.Kind switch
            {
                "gate_up" => experts.GateUp,
                "down" => experts.Down,
                "gate_up_bias" => experts.GateUpBias!,
                _ => experts.DownBias!,
            };
            if (part.Fused is not null)
            {
                CopyFused(part.Fused, whole);
                continue;
            }

            for (int e = 0; e < _sizes.Experts; e++)
            {
                Tensor[] targets = part.Single[e].Length == 2 ? whole.select(0, e).chunk(2, 0) : [whole.select(0, e)];
                for (int i = 0; i < targets.Length; i++)
                {
                    _weights.CopyTo(part.Single[e][i], targets[i]);
                }
            }
        }
    }

    private (StoredMatrix GateUp, StoredMatrix Down) OpenMapped(int expert)
    {
        Dictionary<string, nint> mapped = Pieces(expert).ToDictionary(p => p.Tensor, p => p.File.Address(p.Tensor) + (nint)p.Skip);
        return Open(expert, name => mapped[name]);
    }

    private StoredMatrix Matrix(Part part, int expert, int rows, int columns, PlacedTensors placed)
    {
        if (part.Fused is { } fused)
        {
            SafetensorsType type = placed.Entry(fused).Type;
            return PlainWeights.Matrix(type, placed.Address(fused), rows, columns)
                ?? throw new CheckpointFormatException(placed.Checkpoint.FileOf(fused).Path, fused, $"its type is {type}; expected F32, F16 or BF16.");
        }

        string[] names = part.Single[expert];
        return names.Length == 2
            ? StoredMatrix.Stack(_weights.Open(names[0], rows / 2, columns, placed), _weights.Open(names[1], rows / 2, columns, placed))
            : _weights.Open(names[0], rows, columns, placed);
    }

    /// <summary>The shape of a part of all experts together.</summary>
    private long[] FusedShape(string kind) => kind switch
    {
        "gate_up" => [_sizes.Experts, FirstRows, _sizes.HiddenSize],
        "down" => [_sizes.Experts, _sizes.HiddenSize, _sizes.InnerSize],
        "gate_up_bias" => [_sizes.Experts, FirstRows],
        _ => [_sizes.Experts, _sizes.HiddenSize],
    };

    /// <summary>Whether a fused matrix lies transposed. Where both its sizes are equal it is taken as it is.</summary>
    private bool IsTurned(string name, long[] shape) =>
        shape.Length == 3 && shape[1] != shape[2] && _weights.Checkpoint.Entry(name).Shape.SequenceEqual([shape[0], shape[2], shape[1]]);

    private void CopyFused(string name, Tensor target) => _weights.CopyTo(name, IsTurned(name, target.shape) ? target.transpose(1, 2) : target);

    /// <summary>One of the experts' tensors: fused, or one or two names for each expert.</summary>
    private sealed record Part(string Kind, string? Fused, string[][] Single);
}
