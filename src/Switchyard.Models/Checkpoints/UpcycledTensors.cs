using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>The tensors of a dense checkpoint whose FFNs become experts.</summary>
internal static class UpcycledTensors
{
    /// <summary>What is to be written: experts, routing, and all else as it lies in the files, which stay open until then.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="options">Its experts.</param>
    /// <param name="routing">The fresh routers.</param>
    public static List<SafetensorsSource> Of(MoeTransformer model, UpcycleOptions options, UpcycledRouting routing)
    {
        CheckpointTensors tensors = model.Source!.Weights.Checkpoint;
        Dictionary<string, UpcycledPart> parts = UpcycledPart.Of(model, options).ToDictionary(p => p.Name, StringComparer.Ordinal);
        List<SafetensorsSource> sources = [];
        foreach (string name in tensors.Names)
        {
            SafetensorsFile file = tensors.FileOf(name);
            sources.AddRange(parts.TryGetValue(name, out UpcycledPart? part)
                ? Enumerable.Range(0, options.Experts).Select(e => OfExpert(file, part, e, options) with { Name = part.NameOf(e) })
                : [SafetensorsSource.Of(file, name)]);
        }

        sources.AddRange(routing.Tensors(model.Source.Names).Select(t => SafetensorsSource.Of(t.Name, t.Tensor)));
        return sources;
    }

    private static SafetensorsSource OfExpert(SafetensorsFile file, UpcycledPart part, int expert, UpcycleOptions options)
    {
        if (options.By == UpcycleMethod.Copy)
        {
            return options.Noise > 0 && !part.IsBias
                ? ExpertMatrix.WithNoise(file, part.Name, options.Noise, unchecked((((((options.Seed * 1_000_003) + part.Layer) * 1_000_003) + expert) * 4) + part.Number))
                : SafetensorsSource.Of(file, part.Name);
        }

        // Weights sum to 1, so that the bias of the sum is the one that every expert has.
        if (part is { IsDown: true, IsBias: true })
        {
            return SafetensorsSource.Of(file, part.Name);
        }

        IReadOnlyList<long> shape = file.Entry(part.Name).Shape;
        long neurons = shape[part.IsDown ? 1 : 0] / options.Experts;
        return part.IsDown
            ? ExpertMatrix.ScaledColumns(file, part.Name, expert * neurons, neurons, options.Experts)
            : SafetensorsSource.Of(file, part.Name, expert * neurons, neurons);
    }
}
