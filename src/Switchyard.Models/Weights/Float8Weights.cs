using Switchyard.Kernels.Storage;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>DeepSeek's 8-bit floats: <c>weight</c> [N, K] in F8_E4M3, <c>weight_scale_inv</c> [⌈N/128⌉, ⌈K/128⌉], W = value · scale.</summary>
internal sealed class Float8Weights : WeightFormat
{
    public Float8Weights(ConfigReader quantization)
    {
        string format = quantization.Has("fmt") ? quantization.Text("fmt") : "e4m3";
        quantization.Refuse(format is not "e4m3", $"fmt is '{format}'; only e4m3 is read");
        IReadOnlyList<int> block = quantization.Ints("weight_block_size");
        quantization.Refuse(block is not [Float8Matrix.Block, Float8Matrix.Block], $"weight_block_size is [{string.Join(", ", block)}]; only [{Float8Matrix.Block}, {Float8Matrix.Block}] is read");
    }

    public override string Name(CheckpointTensors tensors, string stem) => "fp8";

    public override bool Holds(CheckpointTensors tensors, string stem) => tensors.Has(stem + ".weight") && tensors.Entry(stem + ".weight").Type == SafetensorsType.F8_E4M3;

    public override IEnumerable<string> Tensors(string stem) => [stem + ".weight", stem + ".weight_scale_inv"];

    public override (long Rows, long Columns) Size(CheckpointTensors tensors, string stem) => Pair(tensors, stem + ".weight");

    public override void Check(CheckpointTensors tensors, string stem, int rows, int columns)
    {
        Require(tensors, stem + ".weight", [SafetensorsType.F8_E4M3], rows, columns);
        Require(tensors, stem + ".weight_scale_inv", ScaleTypes, Blocks(rows), Blocks(columns));

        static long Blocks(int size) => ((long)size + Float8Matrix.Block - 1) / Float8Matrix.Block;
    }

    public override unsafe StoredMatrix Open(PlacedTensors tensors, string stem, int rows, int columns)
    {
        Check(tensors.Checkpoint, stem, rows, columns);
        return new Float8Matrix((byte*)tensors.Address(stem + ".weight"), FiniteScales(tensors, stem + ".weight_scale_inv"), rows, columns);
    }
}
