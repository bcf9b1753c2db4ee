using System.Runtime.InteropServices;
using Switchyard.Experts;
using Switchyard.Models.Weights;

namespace Switchyard.Models.Checkpoints;

/// <summary>Where the rows of a checkpoint's tensor are among the rounded matrices of its layer.</summary>
/// <param name="Tensor">The tensor's name.</param>
/// <param name="Layer">Index of the layer.</param>
/// <param name="Matrix">The matrix that holds them.</param>
/// <param name="Part">Which of its equal parts they are.</param>
/// <param name="Parts">How many parts it has.</param>
internal sealed record RoundedPart(string Tensor, int Layer, Func<RoundedLayer, RoundedMatrix> Matrix, int Part, int Parts)
{
    /// <summary>The tensors of all experts of a model, layer by layer.</summary>
    public static IEnumerable<RoundedPart> Of(MoeTransformer model)
    {
        foreach (MoeLayer moe in model.MoeLayers)
        {
            int layer = moe.Options.Layer;
            ExpertActivation activation = moe.Options.Activation;
            IEnumerable<RoundedPart> parts = Enumerable.Range(0, moe.Options.Experts).SelectMany(e => Pair($"{ModelTensors.ExpertsPrefix(layer)}{e}.", activation, r => r.GateUp[e], r => r.Down[e]));
            if (moe.SharedExpert is not null)
            {
                parts = parts.Concat(Pair(ModelTensors.SharedPrefix(layer), activation, r => r.Shared[0], r => r.Shared[1]));
            }

            foreach (RoundedPart part in parts)
            {
                yield return part with { Layer = layer, Tensor = model.Source!.Names.Of(part.Tensor) };
            }
        }
    }

    /// <summary>Writes the codes of the rows.</summary>
    public void WriteCodes(RoundedLayer layer, Stream stream) => ForEachRow(layer, (matrix, row) => stream.Write(matrix.Codes(row)));

    /// <summary>Writes the scales of the rows.</summary>
    public void WriteScales(RoundedLayer layer, Stream stream) => ForEachRow(layer, (matrix, row) => stream.Write(MemoryMarshal.AsBytes(matrix.Scales(row))));

    private static IEnumerable<RoundedPart> Pair(string stem, ExpertActivation activation, Func<RoundedLayer, RoundedMatrix> first, Func<RoundedLayer, RoundedMatrix> second)
    {
        string[] gateUp = [.. ModelTensors.PartNames(stem, "gate_up", activation == ExpertActivation.SwiGlu)], down = [.. ModelTensors.PartNames(stem, "down", gated: true)];
        return gateUp.Select((name, i) => new RoundedPart(name, 0, first, i, gateUp.Length)).Concat(down.Select((name, i) => new RoundedPart(name, 0, second, i, down.Length)));
    }

    private void ForEachRow(RoundedLayer layer, Action<RoundedMatrix, int> use)
    {
        RoundedMatrix matrix = Matrix(layer);
        int rows = matrix.Stored.Rows / Parts;
        for (int row = Part * rows; row < (Part + 1) * rows; row++)
        {
            use(matrix, row);
        }
    }
}
