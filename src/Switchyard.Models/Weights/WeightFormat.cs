using Switchyard.Kernels.Storage;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;

namespace Switchyard.Models.Weights;

/// <summary>A way in which a checkpoint stores a weight matrix [N, K]: which tensors it is in, and how they are read where they lie.</summary>
internal abstract class WeightFormat
{
    /// <summary>What the format is called: <c>bf16</c>, <c>gptq-int4</c>.</summary>
    public abstract string Name(CheckpointTensors tensors, string stem);

    /// <summary>Whether the weight is stored in this way.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="stem">The weight's name without <c>.weight</c>.</param>
    public abstract bool Holds(CheckpointTensors tensors, string stem);

    /// <summary>Names of the tensors that it is in.</summary>
    public abstract IEnumerable<string> Tensors(string stem);

    /// <summary>N and K.</summary>
    /// <exception cref="CheckpointFormatException">The tensor that tells them is of another rank.</exception>
    public abstract (long Rows, long Columns) Size(CheckpointTensors tensors, string stem);

    /// <summary>Checks by the headers alone that the tensors are there, of the types and shapes that a matrix [N, K] has.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="stem">The weight's name without <c>.weight</c>.</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <exception cref="CheckpointFormatException">A tensor is missing, or of another shape or type.</exception>
    public abstract void Check(CheckpointTensors tensors, string stem, int rows, int columns);

    /// <summary>The matrix, where its tensors are; valid as long as they are there.</summary>
    /// <param name="tensors">The checkpoint and where its tensors are.</param>
    /// <param name="stem">The weight's name without <c>.weight</c>.</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K.</param>
    /// <exception cref="CheckpointFormatException">A tensor is missing, of another shape or type, or holds what it must not.</exception>
    public abstract StoredMatrix Open(PlacedTensors tensors, string stem, int rows, int columns);

    /// <summary>Why a tensor that the model has no place for is left out, as a phrase; null for one that must not be there.</summary>
    /// <exception cref="CheckpointFormatException">It could be left out but for the values that it holds.</exception>
    public virtual string? LeftOut(CheckpointTensors tensors, string name) => null;

    /// <summary>Types that scales are stored in.</summary>
    protected static ReadOnlySpan<SafetensorsType> ScaleTypes => [SafetensorsType.F16, SafetensorsType.BF16, SafetensorsType.F32];

    /// <summary>Checks the header of a tensor.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor, or it is of another type or shape.</exception>
    protected static void Require(CheckpointTensors tensors, string name, ReadOnlySpan<SafetensorsType> types, params ReadOnlySpan<long> shape)
    {
        SafetensorsEntry entry = tensors.Entry(name);
        if (!types.Contains(entry.Type))
        {
            throw Wrong(tensors, name, $"its type is {entry.Type}; expected {string.Join(" or ", types.ToArray())}.");
        }

        if (!shape.SequenceEqual([.. entry.Shape]))
        {
            throw Wrong(tensors, name, $"its shape is [{string.Join(", ", entry.Shape)}]; the model expects [{string.Join(", ", shape.ToArray())}].");
        }
    }

    /// <summary>Weights along the input that share a scale; -1 for all of them.</summary>
    /// <exception cref="CheckpointFormatException">The number is missing or neither.</exception>
    protected static int GroupSize(ConfigReader quantization)
    {
        int group = quantization.Int("group_size");
        quantization.Refuse(group is 0 or < -1, $"group_size is {group}; it must be positive, or -1 for whole columns");
        return group;
    }

    /// <summary>The two sizes of a matrix.</summary>
    protected static (long First, long Second) Pair(CheckpointTensors tensors, string name) => tensors.Entry(name).Shape is [long first, long second]
        ? (first, second)
        : throw Wrong(tensors, name, $"its shape is [{string.Join(", ", tensors.Entry(name).Shape)}]; expected two sizes.");

    protected static CheckpointFormatException Wrong(CheckpointTensors tensors, string name, string reason, Exception? inner = null) => new(tensors.FileOf(name).Path, name, reason, inner);

    /// <summary>The scales of a weight, whose type is one of <see cref="ScaleTypes"/>.</summary>
    /// <exception cref="CheckpointFormatException">A scale is no finite number.</exception>
    protected static unsafe Scales FiniteScales(PlacedTensors tensors, string name)
    {
        SafetensorsEntry entry = tensors.Entry(name);
        void* values = (void*)tensors.Address(name);
        for (long i = 0; i < entry.Count; i++)
        {
            bool finite = entry.Type switch
            {
                SafetensorsType.F16 => Half.IsFinite(((Half*)values)[i]),
                SafetensorsType.BF16 => (((ushort*)values)[i] & 0x7F80) != 0x7F80,
                _ => float.IsFinite(((float*)values)[i]),
            };
            if (!finite)
            {
                throw Wrong(tensors.Checkpoint, name, $"scale {i} is no finite number.");
            }
        }

        return entry.Type switch
        {
            SafetensorsType.F16 => (Half*)values,
            SafetensorsType.BF16 => Scales.BFloat16((ushort*)values),
            _ => (float*)values,
        };
    }
}
