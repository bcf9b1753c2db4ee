using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>The tensors of a model under the names of Hugging Face's architectures: views of the model's own memory, to be written or to be read into.</summary>
/// <remarks>An expert's matrices are three tensors there and rows of one [E, 2f, d] and one [E, d, f] here. What the architecture has no name for (other routers, the state of balancers and selectors) keeps the name of its module. Names are those of <c>qwen3_moe</c> unless the model was read as another architecture.</remarks>
public static class ModelTensors
{
    private const string GateUp = "gate_up";
    private const string Down = "down";
    private const string FeedForward = ".mlp.";
    private static readonly string[] Routing = ["gate", "selector", "balancer"];

    /// <summary>All parameters and persistent buffers, each once, as names and views; the caller's dispose scope owns the views.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Of(MoeTransformer model)
    {
        TensorNames names = model.Source?.Names ?? TensorNames.Plain;
        bool gated = model.Options.Activation == Experts.ExpertActivation.SwiGlu;
        foreach ((string key, Tensor value) in State(model))
        {
            IEnumerable<(string, Tensor)> parts = IsExperts(key)
                ? Enumerable.Range(0, (int)value.size(0)).SelectMany(e => OfMatrices($"{key[..key.LastIndexOf('.')]}.{e}.", key[(key.LastIndexOf('.') + 1)..], value, e, gated)).Select(p => (p.Name, p.Part()))
                : OfOthers(model, key, value);
            foreach ((string name, Tensor part) in parts)
            {
                yield return (names.Of(name), part);
            }
        }
    }

    /// <summary>All but the matrices of routed experts, under the names of <c>qwen3_moe</c>.</summary>
    internal static IEnumerable<(string Name, Tensor Tensor)> WithoutExperts(MoeTransformer model) =>
        State(model).Where(t => !IsExperts(t.Name)).SelectMany(t => OfOthers(model, t.Name, t.Tensor));

    /// <summary>Parameters and state of the routers, selectors and balancers of some layers, under the names that the model's architecture gives them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layers">Indices of the layers.</param>
    public static IEnumerable<(string Name, Tensor Tensor)> OfRouting(MoeTransformer model, IEnumerable<int> layers)
    {
        TensorNames names = model.Source?.Names ?? TensorNames.Plain;
        string[] prefixes = [.. layers.SelectMany(l => Routing.Select(part => $"model.layers.{l}{FeedForward}{part}."))];
        return State(model).Where(t => prefixes.Any(p => t.Name.StartsWith(p, StringComparison.Ordinal)))
            .SelectMany(t => OfOthers(model, t.Name, t.Tensor))
            .Select(t => (names.Of(t.Name), t.Tensor));
    }

    /// <summary>The same of a routing that no model has yet.</summary>
    /// <param name="routing">Router, selector and balancer, made for a layer.</param>
    /// <param name="names">How the architecture names tensors.</param>
    internal static IEnumerable<(string Name, Tensor Tensor)> OfRouting(LayerRouting routing, TensorNames names)
    {
        string prefix = $"model.layers.{routing.Options.Layer}{FeedForward}";
        (string Name, nn.Module Module)[] parts = [("gate", routing.Router), ("selector", routing.Selector), ("balancer", routing.Balancer)];
        return parts.SelectMany(p => State(p.Module).Select(t => (names.Of(prefix + NameOfRouting($"{p.Name}.{t.Name}", routing.Router is LinearRouter)), t.Tensor)));
    }

    /// <summary>What the names of a layer's experts begin with.</summary>
    internal static string ExpertsPrefix(int layer) => $"model.layers.{layer}{FeedForward}experts.";

    /// <summary>What the names of a layer's shared expert begin with.</summary>
    internal static string SharedPrefix(int layer) => $"model.layers.{layer}{FeedForward}shared_expert.";

    /// <summary>Names of the parts of an expert's matrix or bias (<c>gate_up</c>, <c>down</c>, <c>gate_up_bias</c>, <c>down_bias</c>): gate, then up, where there are two.</summary>
    internal static IEnumerable<string> PartNames(string stem, string name, bool gated) => Parts(stem, name, gated).Select(p => p.Name);

    /// <summary>The parts of an expert's matrix or bias, by name: of a first matrix [E, 2f, d] (gate above up) or [E, f, d], or of a second [E, d, f].</summary>
    internal static IEnumerable<(string Name, Func<Tensor> Part)> OfMatrices(string stem, string name, Tensor all, int expert, bool gated) =>
        Parts(stem, name, gated).Select(p => (p.Name, (Func<Tensor>)(() => p.Of(all.select(0, expert)))));

    /// <summary>How many parts of a name are names of fields. TorchSharp registers the fields of a module as well (<c>_attention</c>, <c>&lt;Router&gt;k__BackingField</c>): what has several names is called by the one with the fewest.</summary>
    internal static int FieldNames(string name) => name.Split('.').Count(part => part is ['_' or '<', ..]);

    /// <summary>The state dict with each tensor once.</summary>
    private static IEnumerable<(string Name, Tensor Tensor)> State(nn.Module module)
    {
        HashSet<Tensor> seen = new(ReferenceEqualityComparer.Instance);
        return module.state_dict()
            .OrderBy(t => FieldNames(t.Key))
            .Where(t => seen.Add(t.Value))
            .Select(t => (t.Key, t.Value));
    }

    private static bool IsExperts(string name) => name.Contains(FeedForward + "experts.", StringComparison.Ordinal);

    private static IEnumerable<(string Name, Tensor Tensor)> OfOthers(MoeTransformer model, string key, Tensor value)
    {
        int at = key.IndexOf(FeedForward, StringComparison.Ordinal);
        if (at < 0)
        {
            return [(key, value)];
        }

        bool gated = model.Options.Activation == Experts.ExpertActivation.SwiGlu;
        string prefix = key[..(at + FeedForward.Length)];
        string name = key[prefix.Length..];
        string[] path = name.Split('.');
        string stem = prefix + (path[0] is "shared_expert" ? "shared_expert." : string.Empty);
        return (path[0], path[^1]) switch
        {
            ("shared_expert", "gate") => [(prefix + "shared_expert_gate.weight", value)],
            ("shared_expert", _) or (GateUp or Down or GateUp + "_bias" or Down + "_bias", _) => Parts(stem, path[^1], gated).Select(p => (p.Name, p.Of(value))),
            ("gate", _) => [(prefix + NameOfRouting(name, IsLinear(model, prefix)), value)],
            _ => [(prefix + name, value)],
        };
    }

    /// <summary>The linear router is a layer of weights and biases in every checkpoint; all else keeps the name of its module.</summary>
    private static string NameOfRouting(string name, bool linear) => name switch
    {
        "gate.W_g" when linear => "gate.weight",
        "gate.b" when linear => "gate.bias",
        _ => name,
    };

    private static bool IsLinear(MoeTransformer model, string prefix) =>
        model.MoeLayers.First(l => prefix == $"model.layers.{l.Options.Layer}{FeedForward}").Router is LinearRouter;

    /// <summary>The parts of a first matrix [2f, d] (gate above up) or [f, d], of a second [d, f], or of their biases.</summary>
    private static IEnumerable<(string Name, Func<Tensor, Tensor> Of)> Parts(string stem, string name, bool gated)
    {
        string kind = name.EndsWith("_bias", StringComparison.Ordinal) ? "bias" : "weight";
        return name.StartsWith(Down, StringComparison.Ordinal) ? [($"{stem}down_proj.{kind}", t => t)]
            : gated ? [($"{stem}gate_proj.{kind}", t => t.narrow(0, 0, t.size(0) / 2)), ($"{stem}up_proj.{kind}", t => t.narrow(0, t.size(0) / 2, t.size(0) / 2))]
            : [($"{stem}up_proj.{kind}", t => t)];
    }
}
