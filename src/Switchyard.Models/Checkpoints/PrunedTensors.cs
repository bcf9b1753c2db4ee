using System.Globalization;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>The tensors of a checkpoint of which some experts are taken out, as they lie in its files.</summary>
internal sealed class PrunedTensors
{
    private const string Experts = ".experts.";
    private const string Layers = "model.layers.";
    private readonly MoeTransformer _model;
    private readonly CheckpointTensors _tensors;
    private readonly Dictionary<string, KeptExperts> _byPrefix = new(StringComparer.Ordinal), _routing = new(StringComparer.Ordinal);

    private PrunedTensors(MoeTransformer model, IReadOnlyList<KeptExperts> kept)
    {
        _model = model;
        _tensors = model.Source!.Weights.Checkpoint;
        foreach (KeptExperts layer in kept)
        {
            string prefix = ModelTensors.ExpertsPrefix(layer.Layer);
            _byPrefix[prefix] = layer;
            _byPrefix[model.Source.Names.Of(prefix.TrimEnd('.')) + "."] = layer;
        }

        FindRouting(kept.ToDictionary(k => k.Layer));
        Take();
    }

    /// <summary>What is to be written.</summary>
    public List<SafetensorsSource> Sources { get; } = [];

    /// <summary>Bytes of the routed experts.</summary>
    public long ExpertBytesBefore { get; private set; }

    /// <summary>Bytes of those that stay.</summary>
    public long ExpertBytesAfter { get; private set; }

    /// <summary>Tensors of layers with experts that are not computed, so that nothing is known of these; they stay out.</summary>
    public int LeftOut { get; private set; }

    public static PrunedTensors Of(MoeTransformer model, IReadOnlyList<KeptExperts> kept) => new(model, kept);

    /// <summary>Finds the tensors of the routing that have a row an expert.</summary>
    private void FindRouting(Dictionary<int, KeptExperts> kept)
    {
        Dictionary<Tensor, KeptExperts> rows = new(ReferenceEqualityComparer.Instance);
        foreach (MoeLayer layer in _model.MoeLayers.Where(l => kept[l.Options.Layer].Experts.Count < l.Options.Experts))
        {
            foreach (Tensor tensor in layer.Routing.TensorsByExpert())
            {
                rows.Add(tensor, kept[layer.Options.Layer]);
            }
        }

        foreach ((string name, Tensor tensor) in ModelTensors.OfRouting(_model, kept.Keys).Where(t => rows.ContainsKey(t.Tensor)))
        {
            _routing[name] = _model.Source!.Weights.IsQuantized(name)
                ? throw new CheckpointFormatException(_tensors.Path, name, "it belongs to a router and is quantized; experts can be taken out where routers are floating-point numbers.")
                : rows[tensor];
        }
    }

    private void Take()
    {
        HashSet<string> unknown = [.. _routing.Count > 0 ? _tensors.Names.Where(IsUnknownExpert).Select(LayerOf) : []];
        foreach (string name in _tensors.Names)
        {
            SafetensorsFile file = _tensors.FileOf(name);
            if (unknown.Contains(LayerOf(name)))
            {
                LeftOut++;
            }
            else if (_routing.TryGetValue(name, out KeptExperts? layer))
            {
                Sources.Add(SafetensorsSource.Of(file, name, layer.Experts));
            }
            else if (PrefixOf(name) is { } prefix && _byPrefix.TryGetValue(prefix, out KeptExperts? experts))
            {
                TakeExpert(file, name, prefix, experts);
            }
            else
            {
                Sources.Add(SafetensorsSource.Of(file, name));
            }
        }
    }

    /// <summary>Takes a tensor of one expert under the expert's new number, or the rows of a tensor of all experts, [E, …].</summary>
    private void TakeExpert(SafetensorsFile file, string name, string prefix, KeptExperts kept)
    {
        SafetensorsEntry entry = file.Entry(name);
        ExpertBytesBefore += entry.ByteLength;
        int end = name.IndexOf('.', prefix.Length);
        if (end < 0 || !int.TryParse(name.AsSpan(prefix.Length, end - prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int expert))
        {
            Sources.Add(kept.Merged is { } shares ? ExpertMean.OfRows(file, name, shares) : SafetensorsSource.Of(file, name, kept.Experts));
            ExpertBytesAfter += entry.ByteLength / entry.Shape[0] * kept.Experts.Count;
        }
        else if (kept.Experts.Count(k => k < expert) is int number && kept.Experts.Contains(expert))
        {
            SafetensorsSource source = kept.Merged?[number] is { Count: > 1 } shares
                ? ExpertMean.Of(_tensors, entry, shares, e => Numbered(prefix, e, name[end..]))
                : SafetensorsSource.Of(file, name);
            Sources.Add(source with { Name = Numbered(prefix, number, name[end..]) });
            ExpertBytesAfter += entry.ByteLength;
        }
    }

    private static string Numbered(string prefix, int expert, string rest) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{expert}{rest}");

    private bool IsUnknownExpert(string name) =>
        PrefixOf(name) is { } prefix && !_byPrefix.ContainsKey(prefix) && LayerOf(name).Length > 0 && _model.Source!.Architecture.LeftOut(name, _model.Options) is not null;

    private static string? PrefixOf(string name) => name.IndexOf(Experts, StringComparison.Ordinal) is >= 0 and int at ? name[..(at + Experts.Length)] : null;

    /// <summary>What the names of a layer's tensors begin with; empty for a tensor of no layer.</summary>
    private static string LayerOf(string name) => name.StartsWith(Layers, StringComparison.Ordinal) && name.IndexOf('.', Layers.Length) is > 0 and int at ? name[..at] : string.Empty;
}
