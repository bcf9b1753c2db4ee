using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>The tensors of a model under the names of Hugging Face's <c>qwen3_moe</c>: views of the model's own memory, to be written or to be read into.</summary>
/// <remarks>An expert's matrices are three tensors there and rows of one [E, 2f, d] and one [E, d, f] here. What <c>qwen3_moe</c> has no name for (other routers, the state of balancers and selectors) keeps the name of its module.</remarks>
public static class ModelTensors
{
    private const string GateUp = "gate_up";
    private const string Down = "down";
    private const string FeedForward = ".mlp.";

    /// <summary>All parameters and persistent buffers, each once, as names and views; the caller's dispose scope owns the views.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Of(MoeTransformer model)
    {
        bool linear = model.MoeLayers[0].Router is LinearRouter;
        bool gated = model.Options.Activation == Experts.ExpertActivation.SwiGlu;
        foreach ((string key, Tensor value) in State(model))
        {
            int at = key.IndexOf(FeedForward, StringComparison.Ordinal);
            IEnumerable<(string, Tensor)> parts = at < 0
                ? [(key, value)]
                : OfFeedForward(key[..(at + FeedForward.Length)], key[(at + FeedForward.Length)..], value, linear, gated);
            foreach ((string, Tensor) part in parts)
            {
                yield return part;
            }
        }
    }

    /// <summary>The fused names of a layer's experts that transformers 5 writes, with the tensors that they fill.</summary>
    internal static IEnumerable<(string Name, Tensor Tensor)> Fused(MoeTransformer model)
    {
        foreach (MoeLayer layer in model.MoeLayers)
        {
            string prefix = ExpertsPrefix(layer.Options.Layer);
            yield return (prefix + "gate_up_proj", layer.Experts.GateUp);
            yield return (prefix + "down_proj", layer.Experts.Down);
        }
    }

    /// <summary>What the names of a layer's experts begin with.</summary>
    internal static string ExpertsPrefix(int layer) => $"model.layers.{layer}.mlp.experts.";

    /// <summary>The state dict with each tensor once. TorchSharp registers the fields of a module as well, under their own names: <c>_attention</c>, <c>&lt;Router&gt;k__BackingField</c>.</summary>
    private static IEnumerable<(string Name, Tensor Tensor)> State(MoeTransformer model)
    {
        HashSet<Tensor> seen = new(ReferenceEqualityComparer.Instance);
        return model.state_dict()
            .OrderBy(t => t.Key.Split('.').Count(part => part[0] is '_' or '<'))
            .Where(t => seen.Add(t.Value))
            .Select(t => (t.Key, t.Value));
    }

    private static IEnumerable<(string Name, Tensor Tensor)> OfFeedForward(string prefix, string name, Tensor value, bool linear, bool gated)
    {
        string[] path = name.Split('.');
        string stem = prefix + (path[0] is "shared_expert" ? "shared_expert." : string.Empty);
        return (path[0], path[^1]) switch
        {
            ("experts", _) => Enumerable.Range(0, (int)value.size(0)).SelectMany(e => OfMatrices($"{prefix}experts.{e}.", path[1], value.select(0, e), gated)),
            ("shared_expert", "gate") => [(prefix + "shared_expert_gate.weight", value)],
            ("shared_expert", _) or (GateUp or Down, _) => OfMatrices(stem, path[^1], value, gated),
            ("gate", "W_g") when linear => [(prefix + "gate.weight", value)],
            ("gate", "b") when linear => [(prefix + "gate.bias", value)],
            _ => [(prefix + name, value)],
        };
    }

    /// <summary>The parts of a first matrix [2f, d] (gate above up) or [f, d], of a second [d, f], or of their biases.</summary>
    private static IEnumerable<(string Name, Tensor Tensor)> OfMatrices(string stem, string name, Tensor value, bool gated)
    {
        string kind = name.EndsWith("_bias", StringComparison.Ordinal) ? "bias" : "weight";
        if (name.StartsWith(Down, StringComparison.Ordinal))
        {
            return [($"{stem}down_proj.{kind}", value)];
        }

        long half = value.size(0) / 2;
        return gated
            ? [($"{stem}gate_proj.{kind}", value.narrow(0, 0, half)), ($"{stem}up_proj.{kind}", value.narrow(0, half, half))]
            : [($"{stem}up_proj.{kind}", value)];
    }
}
