using Switchyard.Kernels.Storage;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>GPTQ's integers of 4 or 8 bits (Frantar et al. 2023), in any order of groups: <c>qweight</c>, <c>qzeros</c>, <c>scales</c>, <c>g_idx</c>; see <see cref="GptqMatrix"/>.</summary>
internal sealed class GptqWeights : WeightFormat
{
    private const string Bias = ".bias";
    private readonly int _bits, _group;
    private readonly bool _second;

    public GptqWeights(ConfigReader quantization)
    {
        _bits = quantization.Int("bits");
        quantization.Refuse(_bits is not (4 or 8), $"bits is {_bits}; 4 and 8 are read");
        _group = GroupSize(quantization);
        string format = quantization.Has("checkpoint_format") ? quantization.Text("checkpoint_format") : "gptq";
        quantization.Refuse(format is not ("gptq" or "gptq_v2"), $"checkpoint_format is '{format}'; gptq and gptq_v2 are read");
        _second = format is "gptq_v2";
    }

    public override string Name(CheckpointTensors tensors, string stem) => $"gptq-int{_bits}";

    public override bool Holds(CheckpointTensors tensors, string stem) => tensors.Has(stem + ".qweight");

    public override IEnumerable<string> Tensors(string stem) => [stem + ".qweight", stem + ".qzeros", stem + ".scales", stem + ".g_idx"];

    public override (long Rows, long Columns) Size(CheckpointTensors tensors, string stem)
    {
        (long words, long outputs) = Pair(tensors, stem + ".qweight");
        return (outputs, words * (32 / _bits));
    }

    public override void Check(CheckpointTensors tensors, string stem, int rows, int columns)
    {
        int each = 32 / _bits;
        if (columns % each != 0 || rows % each != 0 || (_group > 0 && columns % _group != 0))
        {
            throw Wrong(tensors, stem + ".qweight", $"a matrix of {rows} outputs and {columns} inputs does not fill words of {each} and groups of {_group}.");
        }

        Require(tensors, stem + ".qweight", [SafetensorsType.I32], columns / each, rows);
        Require(tensors, stem + ".qzeros", [SafetensorsType.I32], Groups(columns), rows / each);
        Require(tensors, stem + ".scales", ScaleTypes, Groups(columns), rows);
        Require(tensors, stem + ".g_idx", [SafetensorsType.I32], columns);
    }

    public override unsafe StoredMatrix Open(PlacedTensors tensors, string stem, int rows, int columns)
    {
        Check(tensors.Checkpoint, stem, rows, columns);
        Scales scales = FiniteScales(tensors, stem + ".scales");
        try
        {
            return new GptqMatrix((int*)tensors.Address(stem + ".qweight"), (int*)tensors.Address(stem + ".qzeros"), scales, (int*)tensors.Address(stem + ".g_idx"), rows, columns, Groups(columns), _bits, _second);
        }
        catch (ArgumentException e)
        {
            throw Wrong(tensors.Checkpoint, stem + ".g_idx", e.Message.Split(" (Parameter")[0], e);
        }
    }

    /// <summary>AutoGPTQ wrote a bias of zeros for every layer that has none.</summary>
    public override string? LeftOut(CheckpointTensors tensors, string name)
    {
        string stem = name.EndsWith(Bias, StringComparison.Ordinal) ? name[..^Bias.Length] : string.Empty;
        if (stem.Length == 0 || !Holds(tensors, stem) || tensors.Entry(name) is not { Shape: [long count], ByteLength: <= int.MaxValue } || count != Size(tensors, stem).Rows)
        {
            return null;
        }

        return tensors.FileOf(name).Bytes(name).ContainsAnyExcept((byte)0)
            ? throw Wrong(tensors, name, "the layer has no bias in this architecture; only a bias of zeros, as AutoGPTQ wrote for such layers, can be left out, and this one holds other values.")
            : "biases of zeros for layers that have none";
    }

    private int Groups(int columns) => _group < 0 ? 1 : columns / _group;
}
