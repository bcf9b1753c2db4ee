using Switchyard.Models.Architectures;
using Switchyard.Models.Files;
using Switchyard.Models.Weights;
using Switchyard.Native;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Compares what <c>config.json</c> says with the headers of the weights, before anything of the sizes that it claims is made: every tensor is there, none is too many, and each has its shape and a type that is read. What passes can be loaded, unless a value in it is damaged.</summary>
internal sealed class HeaderCheck
{
    private const int NamesListed = 5;
    private readonly WeightReader _weights;
    private readonly TensorNames _names;
    private readonly MoeTransformerOptions _options;

    /// <summary>Names what is compared.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="names">How they are named.</param>
    /// <param name="options">The model that <c>config.json</c> describes.</param>
    public HeaderCheck(WeightReader weights, TensorNames names, MoeTransformerOptions options) => (_weights, _names, _options) = (weights, names, options);

    private CheckpointTensors Tensors => _weights.Checkpoint;

    /// <summary>Compares, and finds the tensors that are left out, each with the reason. Of them alone values may be read: biases that must be zero.</summary>
    /// <exception cref="CheckpointFormatException">Tensors are missing or unexpected, or one is of another shape or type.</exception>
    /// <exception cref="ConfigurationException">Parts of the routing do not fit together.</exception>
    public IReadOnlyDictionary<string, string> Run(Architecture architecture)
    {
        int[] moeLayers = [.. Enumerable.Range(0, _options.Layers).Where(_options.IsMoe)];
        RequireAsManyExperts(moeLayers);
        ExpertReader[] experts = [.. moeLayers.Select(layer => new ExpertReader(layer, _options.MoeLayer(layer).ExpertSizes, _weights, _names))];
        (string Name, long[] Shape, ScalarType Type)[] others =
        [
            .. ModelShapes.Of(_options).Select(t => (_names.Of(t.Name), t.Shape, ScalarType.Float32)),
            .. moeLayers.SelectMany(Routing),
        ];
        IReadOnlyDictionary<string, string> leftOut = RequireNames(architecture, others.SelectMany(t => _weights.Tensors(t.Name)).Concat(experts.SelectMany(e => e.Names)));
        foreach ((string name, long[] shape, ScalarType type) in others)
        {
            _weights.Check(name, type, shape);
        }

        foreach (ExpertReader layer in experts)
        {
            layer.Check();
        }

        return leftOut;
    }

    /// <summary>Refuses more experts than there are tensors, before each is looked for by name.</summary>
    private void RequireAsManyExperts(int[] moeLayers)
    {
        if (moeLayers is [.., int last] && (long)moeLayers.Length * _options.Experts > Tensors.Names.Count
            && !ExpertReader.AreFused(last, Tensors, _names))
        {
            string name = _names.Of($"{ModelTensors.ExpertsPrefix(last)}{_options.Experts - 1}.down_proj.weight");
            throw new CheckpointFormatException(Tensors.Path, name, $"config.json says {_options.Experts} experts in each of {moeLayers.Length} layers, but there are {Tensors.Names.Count} tensors in all.");
        }
    }

    private Dictionary<string, string> RequireNames(Architecture architecture, IEnumerable<string> names)
    {
        HashSet<string> wanted = new(names, StringComparer.Ordinal);
        Dictionary<string, string> leftOut = new(StringComparer.Ordinal);
        List<string> unexpected = [];
        foreach (string name in Tensors.Names.Where(n => !wanted.Contains(n)))
        {
            if ((architecture.LeftOut(name, _options) ?? _weights.LeftOut(name)) is { } reason)
            {
                leftOut[name] = reason;
            }
            else
            {
                unexpected.Add(name);
            }
        }

        string[] missing = [.. wanted.Where(n => !Tensors.Has(n))];
        return missing.Length + unexpected.Count == 0
            ? leftOut
            : throw new CheckpointFormatException(Tensors.Path, null, $"{List("missing", missing)}{List("unexpected", unexpected)}".TrimEnd());
    }

    private static string List(string what, IReadOnlyCollection<string> names) =>
        names.Count == 0 ? string.Empty : $"{names.Count} tensors are {what}: {string.Join(", ", names.Order(StringComparer.Ordinal).Take(NamesListed))}{(names.Count > NamesListed ? ", …" : string.Empty)}. ";

    /// <summary>What a layer is routed by. That of published models is known; any other is made, to be asked.</summary>
    private IEnumerable<(string Name, long[] Shape, ScalarType Type)> Routing(int layer)
    {
        MoeLayerOptions options = _options.MoeLayer(layer);
        string prefix = $"model.layers.{layer}.mlp.";
        if (options.Routing is { Router: "linear", Selector: "softmax-topk" or "topk-softmax" or "sigmoid-group", Balancer: "none" or "bias" } && options.Router is null or { Bias: false })
        {
            options.Validate();
            LayerRouting.SelectorOptionsOf(options).Validate();
            List<(string, long[], ScalarType)> known = [(_names.Of(prefix + "gate.weight"), [options.Experts, options.HiddenSize], ScalarType.Float32)];
            if (options.Routing.Balancer is "bias")
            {
                known.Add((_names.Of(prefix + "balancer.bias"), [options.Experts], ScalarType.Float32));
            }

            return known;
        }

        LibTorch.EnsureLoadable();
        using var scope = NewDisposeScope();
        using LayerRouting routing = new(options);
        return [.. ModelTensors.OfRouting(routing, _names).Select(t => (t.Name, t.Tensor.shape, t.Tensor.dtype))];
    }
}
