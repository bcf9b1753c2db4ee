using Switchyard.Kernels.Storage;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>AWQ's integers of 4 bits (Lin et al. 2024) in the layout <c>gemm</c>: <c>qweight</c>, <c>qzeros</c>, <c>scales</c>; see <see cref="AwqMatrix"/>.</summary>
internal sealed class AwqWeights : WeightFormat
{
    private const int Each = 8;
    private readonly int _group;

    public AwqWeights(ConfigReader quantization)
    {
        int bits = quantization.Int("bits");
        quantization.Refuse(bits is not 4, $"bits is {bits}; 4 is read");
        string version = quantization.Has("version") ? quantization.Text("version") : "gemm";
        quantization.Refuse(!string.Equals(version, "gemm", StringComparison.OrdinalIgnoreCase), $"version is '{version}'; only gemm is read");
        quantization.Refuse(!quantization.Bool("zero_point", otherwise: true), "zero_point is false, which is not read");
        _group = GroupSize(quantization);
    }

    public override string Name(CheckpointTensors tensors, string stem) => "awq-int4";

    public override bool Holds(CheckpointTensors tensors, string stem) => tensors.Has(stem + ".qweight");

    public override IEnumerable<string> Tensors(string stem) => [stem + ".qweight", stem + ".qzeros", stem + ".scales"];

    public override (long Rows, long Columns) Size(CheckpointTensors tensors, string stem)
    {
        (long inputs, long words) = Pair(tensors, stem + ".qweight");
        return (words * Each, inputs);
    }

    public override void Check(CheckpointTensors tensors, string stem, int rows, int columns)
    {
        int group = Group(columns);
        if (rows % Each != 0 || columns % group != 0)
        {
            throw Wrong(tensors, stem + ".qweight", $"a matrix of {rows} outputs and {columns} inputs does not fill words of {Each} and groups of {group}.");
        }

        Require(tensors, stem + ".qweight", [SafetensorsType.I32], columns, rows / Each);
        Require(tensors, stem + ".qzeros", [SafetensorsType.I32], columns / group, rows / Each);
        Require(tensors, stem + ".scales", ScaleTypes, columns / group, rows);
    }

    public override unsafe StoredMatrix Open(PlacedTensors tensors, string stem, int rows, int columns)
    {
        Check(tensors.Checkpoint, stem, rows, columns);
        Scales scales = FiniteScales(tensors, stem + ".scales");
        return new AwqMatrix((int*)tensors.Address(stem + ".qweight"), (int*)tensors.Address(stem + ".qzeros"), scales, rows, columns, Group(columns));
    }

    private int Group(int columns) => _group < 0 ? columns : _group;
}
