using Switchyard.Kernels.Storage;
using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>Floating-point numbers, <c>weight</c> [N, K] in F32, F16 or BF16.</summary>
internal sealed class PlainWeights : WeightFormat
{
    public override string Name(CheckpointTensors tensors, string stem) => Name(tensors.Entry(Weight(stem)).Type);

    public override bool Holds(CheckpointTensors tensors, string stem) => tensors.Has(Weight(stem));

    public override IEnumerable<string> Tensors(string stem) => [Weight(stem)];

    public override (long Rows, long Columns) Size(CheckpointTensors tensors, string stem) => Pair(tensors, Weight(stem));

    public override void Check(CheckpointTensors tensors, string stem, int rows, int columns) =>
        Require(tensors, Weight(stem), [SafetensorsType.F32, SafetensorsType.F16, SafetensorsType.BF16], rows, columns);

    public override StoredMatrix Open(PlacedTensors tensors, string stem, int rows, int columns)
    {
        Check(tensors.Checkpoint, stem, rows, columns);
        string name = Weight(stem);
        return Matrix(tensors.Entry(name).Type, tensors.Address(name), rows, columns)!;
    }

    /// <summary>Whether there is a matrix of numbers of a type.</summary>
    public static bool Reads(SafetensorsType type) => type is SafetensorsType.F32 or SafetensorsType.BF16 or SafetensorsType.F16;

    /// <summary>What numbers of a type are called.</summary>
    public static string Name(SafetensorsType type) => type switch
    {
        SafetensorsType.F32 => "fp32",
        SafetensorsType.BF16 => "bf16",
        SafetensorsType.F16 => "fp16",
        _ => type.ToString(),
    };

    /// <summary>A matrix of numbers at an address; null for a type that is none of these.</summary>
    public static unsafe StoredMatrix? Matrix(SafetensorsType type, nint address, int rows, int columns) => type switch
    {
        SafetensorsType.F32 => new Float32Matrix((float*)address, rows, columns),
        SafetensorsType.BF16 => new BFloat16Matrix((ushort*)address, rows, columns),
        SafetensorsType.F16 => new Float16Matrix((Half*)address, rows, columns),
        _ => null,
    };

    private static string Weight(string stem) => stem + ".weight";
}
