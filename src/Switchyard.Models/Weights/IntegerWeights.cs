using Switchyard.Kernels.Storage;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>Our own integers of 8 or 4 bits, symmetric by group along the input: <c>weight_codes</c> ([N, K] in I8, or [N, K/2] in U8, the even column in the low half, 8 added) and <c>weight_scales</c> [N, ⌈K/group⌉] in F32; W = code · scale.</summary>
internal sealed class IntegerWeights : WeightFormat
{
    /// <summary>The <c>quant_method</c>.</summary>
    public const string Method = "switchyard";

    private const string Codes = ".weight_codes";
    private const string ScalesOf = ".weight_scales";
    private readonly int _bits, _group;

    public IntegerWeights(ConfigReader quantization)
    {
        _bits = quantization.Int("bits");
        quantization.Refuse(_bits is not (4 or 8), $"bits is {_bits}; 4 and 8 are read");
        _group = quantization.Int("group_size");
        quantization.Refuse(_group <= 0 || _group % 2 != 0, $"group_size is {_group}; it must be even and positive");
    }

    /// <summary>Names of the two tensors of a weight.</summary>
    public static (string Codes, string Scales) NamesOf(string stem) => (stem + Codes, stem + ScalesOf);

    public override string Name(CheckpointTensors tensors, string stem) => $"int{_bits}";

    public override bool Holds(CheckpointTensors tensors, string stem) => tensors.Has(stem + Codes);

    public override IEnumerable<string> Tensors(string stem) => [stem + Codes, stem + ScalesOf];

    public override (long Rows, long Columns) Size(CheckpointTensors tensors, string stem)
    {
        (long rows, long columns) = Pair(tensors, stem + Codes);
        return (rows, _bits == 4 ? 2 * columns : columns);
    }

    public override void Check(CheckpointTensors tensors, string stem, int rows, int columns)
    {
        if (_bits == 4 && columns % 2 != 0)
        {
            throw Wrong(tensors, stem + Codes, $"{columns} columns do not fill bytes of two.");
        }

        Require(tensors, stem + Codes, [_bits == 4 ? SafetensorsType.U8 : SafetensorsType.I8], rows, _bits == 4 ? columns / 2 : columns);
        Require(tensors, stem + ScalesOf, [SafetensorsType.F32], rows, ((long)columns + _group - 1) / _group);
    }

    public override unsafe StoredMatrix Open(PlacedTensors tensors, string stem, int rows, int columns)
    {
        Check(tensors.Checkpoint, stem, rows, columns);
        _ = FiniteScales(tensors, stem + ScalesOf);
        nint codes = tensors.Address(stem + Codes), scales = tensors.Address(stem + ScalesOf);
        return _bits == 4
            ? new Int4Matrix((byte*)codes, (float*)scales, rows, columns, _group)
            : new Int8Matrix((sbyte*)codes, (float*)scales, rows, columns, _group);
    }
}
