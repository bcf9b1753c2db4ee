using Switchyard.Dense;
using Switchyard.Kernels.Storage;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Weights;

/// <summary>Reads the weights of a checkpoint, however each is stored: which are quantized is decided weight by weight.</summary>
internal sealed class WeightReader
{
    private const string Quantization = "quantization_config";
    private const string Suffix = ".weight";
    private readonly WeightFormat[] _formats;

    /// <summary>Reads what <c>config.json</c> says of the formats.</summary>
    /// <exception cref="CheckpointFormatException">It names a method or a variant that is not read.</exception>
    public WeightReader(CheckpointTensors tensors, ConfigReader config)
    {
        Checkpoint = tensors;
        PlainWeights plain = new();
        _formats = config.Has(Quantization) ? [Format(config.Section(Quantization)), plain] : [plain];
    }

    /// <summary>The checkpoint.</summary>
    public CheckpointTensors Checkpoint { get; }

    /// <summary>Names of the tensors that a tensor of the model is in; its own name where it is in none.</summary>
    public IEnumerable<string> Tensors(string name) => FormatOf(name) is { } format ? format.Tensors(Stem(name)) : [name];

    /// <summary>Whether a tensor of the model is stored quantized.</summary>
    public bool IsQuantized(string name) => FormatOf(name) is { } format and not PlainWeights;

    /// <summary>Whether a weight can be used where it is mapped, in the form in which it is stored.</summary>
    public bool CanStay(string name) => FormatOf(name) is { } format
        && (format is not PlainWeights || PlainWeights.Reads(Checkpoint.Entry(name).Type));

    /// <summary>What the storage of a weight is called.</summary>
    public string Storage(string name) => FormatOf(name) is { } format ? format.Name(Checkpoint, Stem(name)) : Checkpoint.Entry(name).Type.ToString();

    /// <summary>Checks by the headers alone that a tensor of the model is there, of a shape and of a type that can become another.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, or of another shape or type.</exception>
    public void Check(string name, ScalarType type, IReadOnlyList<long> shape)
    {
        bool quantized = IsQuantized(name);
        IReadOnlyList<long> found = quantized ? SizeOf(name) : Checkpoint.Entry(name).Shape;
        if (!found.SequenceEqual(shape))
        {
            string stored = Tensors(name).First();
            throw new CheckpointFormatException(Checkpoint.FileOf(stored).Path, stored, $"its shape is [{string.Join(", ", found)}]; config.json says [{string.Join(", ", shape)}].");
        }

        if (quantized)
        {
            FormatOf(name)!.Check(Checkpoint, Stem(name), checked((int)shape[0]), checked((int)shape[1]));
        }
        else
        {
            Checkpoint.RequireType(name, type);
        }
    }

    /// <summary>Why a tensor that the model has no place for is left out, as a phrase; null for one that must not be there.</summary>
    /// <exception cref="CheckpointFormatException">It could be left out but for the values that it holds.</exception>
    public string? LeftOut(string name) => _formats.Select(f => f.LeftOut(Checkpoint, name)).FirstOrDefault(reason => reason is not null);

    /// <summary>A weight where it is mapped.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, damaged, or of another shape.</exception>
    public StoredMatrix Open(string name, int rows, int columns) => Open(name, rows, columns, new PlacedTensors(Checkpoint));

    /// <summary>A weight where its tensors are.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, damaged, or of another shape.</exception>
    public StoredMatrix Open(string name, int rows, int columns, PlacedTensors tensors) => FormatOf(name) is { } format
        ? format.Open(tensors, Stem(name), rows, columns)
        : throw new CheckpointFormatException(Checkpoint.FileOf(name).Path, name, "it is no weight.");

    /// <summary>Copies a tensor of the model, widened where it is quantized.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, damaged, or of another shape or type.</exception>
    public unsafe void CopyTo(string name, Tensor destination)
    {
        if (!IsQuantized(name))
        {
            Checkpoint.CopyTo(name, destination);
            return;
        }

        StoredMatrix matrix = Open(name, checked((int)destination.size(0)), checked((int)destination.size(1)));
        using Tensor wide = empty(matrix.Rows, matrix.Columns);
        matrix.Widen((float*)wide.Address());
        destination.copy_(wide);
    }

    private long[] SizeOf(string name)
    {
        (long rows, long columns) = FormatOf(name)!.Size(Checkpoint, Stem(name));
        return [rows, columns];
    }

    private WeightFormat? FormatOf(string name) =>
        name.EndsWith(Suffix, StringComparison.Ordinal) ? Array.Find(_formats, f => f.Holds(Checkpoint, Stem(name))) : null;

    private static string Stem(string name) => name[..^Suffix.Length];

    private static WeightFormat Format(ConfigReader quantization)
    {
        string method = quantization.Text("quant_method");
        return method switch
        {
            "gptq" => new GptqWeights(quantization),
            "awq" => new AwqWeights(quantization),
            "fp8" => new Float8Weights(quantization),
            IntegerWeights.Method => new IntegerWeights(quantization),
            _ => throw quantization.Error($"quant_method is '{method}'; gptq, awq, fp8 and {IntegerWeights.Method} are read"),
        };
    }
}
