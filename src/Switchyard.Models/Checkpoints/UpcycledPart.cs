using System.Globalization;
using Switchyard.Experts;

namespace Switchyard.Models.Checkpoints;

/// <summary>A tensor of an FFN that becomes one of each expert.</summary>
/// <param name="Layer">Index of its layer.</param>
/// <param name="Number">Its place among the tensors of the FFN.</param>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="IsDown">Whether it belongs to the second product, W_down [d, f] or its bias [d]; else to the first.</param>
/// <param name="IsBias">Whether it is a bias.</param>
/// <param name="NameOf">Its name as a tensor of an expert.</param>
internal sealed record UpcycledPart(int Layer, int Number, string Name, bool IsDown, bool IsBias, Func<int, string> NameOf)
{
    /// <summary>All of a dense model that is to be upcycled.</summary>
    public static IEnumerable<UpcycledPart> Of(MoeTransformer model, UpcycleOptions options)
    {
        TensorNames names = model.Source!.Names;
        bool gated = model.Options.Activation == ExpertActivation.SwiGlu;
        string[] kinds = model.Options.Encoder is null ? ["gate_up", "down"] : ["gate_up", "down", "gate_up_bias", "down_bias"];
        foreach (int layer in options.Layers?.Distinct() ?? Enumerable.Range(0, model.Options.Layers))
        {
            string experts = ModelTensors.ExpertsPrefix(layer), dense = experts[..^"experts.".Length];
            int number = 0;
            foreach (string kind in kinds)
            {
                foreach (string name in ModelTensors.PartNames(dense, kind, gated))
                {
                    string rest = name[dense.Length..];
                    yield return new UpcycledPart(
                        layer,
                        number++,
                        names.Of(name),
                        kind.StartsWith("down", StringComparison.Ordinal),
                        kind.EndsWith("_bias", StringComparison.Ordinal),
                        e => names.Of(string.Create(CultureInfo.InvariantCulture, $"{experts}{e}.{rest}")));
                }
            }
        }
    }
}
