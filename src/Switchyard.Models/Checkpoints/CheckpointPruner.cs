using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes a copy of a checkpoint with fewer experts: those that stay keep their weights byte for byte, in whatever form they are stored, under their new numbers; of the routing stay the rows of these experts, and all else is as it was.</summary>
/// <remarks>Such a model computes what the original computes with the scores of the experts that are gone at −∞. Which of the original's experts each layer has is kept in the section <c>switchyard.pruned</c> of <c>config.json</c>.</remarks>
public static class CheckpointPruner
{
    /// <summary>Finds out whether a model can do with so many experts.</summary>
    /// <param name="model">The model, read from a checkpoint.</param>
    /// <param name="keep">Experts that each MoE layer keeps.</param>
    /// <exception cref="ConfigurationException">The model has no experts, or fewer than these; a token uses more; the experts do not divide into the groups that the selector chooses from; or a router has nothing that could be taken out. The message says which.</exception>
    public static void Check(MoeTransformer model, int keep)
    {
        Require(model.MoeLayers.Count > 0, $"'{model.Source!.Folder}': no layer of the model has experts; there is nothing to take out");
        int experts = model.Options.Experts;
        Require(keep <= experts, $"{keep} experts are to be kept, but a layer has {experts}; keep between {model.Options.TopK} and {experts}");
        Require(keep >= model.Options.TopK, $"{keep} experts are to be kept, but a token uses {model.Options.TopK}; keep between {model.Options.TopK} and {experts}");
        foreach (MoeLayer layer in model.MoeLayers.Where(_ => keep < experts))
        {
            (int groups, int chosen) = (layer.Selector.Options.Groups, layer.Selector.Options.TopKGroup);
            Require(keep % groups == 0, $"layer {layer.Options.Layer}: {keep} experts do not divide into the {groups} groups that its selector chooses from; keep a multiple of {groups}");
            int most = keep / groups * chosen;
            Require(most >= layer.Options.TopK, $"layer {layer.Options.Layer}: with {keep} experts the {chosen} groups that its selector chooses hold {most}, but a token uses {layer.Options.TopK}; keep more");
            Require(layer.Routing.CannotSelectExperts is null, $"layer {layer.Options.Layer}: {layer.Routing.CannotSelectExperts}");
        }
    }

    /// <summary>Finds out whether the weights of a model's experts can be merged.</summary>
    /// <param name="model">The model, read from a checkpoint.</param>
    /// <exception cref="ConfigurationException">They are quantized: a mean of codes is no code of the mean.</exception>
    public static void CheckMerge(MoeTransformer model)
    {
        CheckpointTensors tensors = model.Source!.Weights.Checkpoint;
        string? quantized = tensors.Names.FirstOrDefault(n => n.Contains(".experts.", StringComparison.Ordinal) && !ExpertMean.Takes(tensors.Entry(n).Type));
        Require(quantized is null, $"'{quantized}' is {(quantized is null ? default : tensors.Entry(quantized).Type)}: experts can be merged where their weights are floating-point numbers, not where they are quantized; take them out without merging");
    }

    /// <summary>Writes the copy, which appears whole or not at all.</summary>
    /// <param name="source">The folder of a model, or of a repository in a hub cache.</param>
    /// <param name="target">The folder to write; it must not be there.</param>
    /// <param name="kept">The experts that stay, equally many in each MoE layer and, where a selector chooses from groups, in each group.</param>
    /// <param name="cancellation">Stops between tensors, with nothing written.</param>
    /// <returns>Bytes of the routed experts before and after.</returns>
    /// <exception cref="CheckpointFormatException">The checkpoint is damaged, or has a router that is quantized.</exception>
    /// <exception cref="ConfigurationException">The model cannot do with these experts.</exception>
    /// <exception cref="IOException">The target is there already, or cannot be written.</exception>
    public static (long Before, long After) Write(string source, string target, IReadOnlyList<KeptExperts> kept, CancellationToken cancellation = default)
    {
        target = AtomicFolder.RequireNew(target);

        using MoeTransformer model = MoeTransformer.Load(source);
        Check(model, kept);
        PrunedTensors tensors = PrunedTensors.Of(model, kept);
        CheckpointQuantizer.WriteFolder(model.Source!.Folder, target, 1, [tensors.Sources], PrunedConfiguration.Write(model, kept, tensors.LeftOut > 0), cancellation);
        return (tensors.ExpertBytesBefore, tensors.ExpertBytesAfter);
    }

    private static void Check(MoeTransformer model, IReadOnlyList<KeptExperts> kept)
    {
        Require(kept.Select(k => k.Layer).Order().SequenceEqual(model.MoeLayers.Select(l => l.Options.Layer)), $"the experts to keep are named for layers {string.Join(", ", kept.Select(k => k.Layer))}; the MoE layers are {string.Join(", ", model.MoeLayers.Select(l => l.Options.Layer))}");
        Check(model, kept[0].Experts.Count);
        foreach (KeptExperts layer in kept)
        {
            int experts = model.Options.Experts, groups = model.MoeLayers.First(l => l.Options.Layer == layer.Layer).Selector.Options.Groups;
            Require(layer.Experts.Count == kept[0].Experts.Count, $"layer {layer.Layer} keeps {layer.Experts.Count} experts and layer {kept[0].Layer} {kept[0].Experts.Count}; config.json has one number for all");
            Require(layer.Experts.Zip(layer.Experts.Skip(1)).All(p => p.First < p.Second) && layer.Experts[0] >= 0 && layer.Experts[^1] < experts, $"layer {layer.Layer}: the experts to keep are not in ascending order or not of 0 to {experts - 1}");
            if (layer.Merged is { } merged)
            {
                CheckMerge(model);
                Require(merged.Count == layer.Experts.Count && merged.All(m => m.Count > 0 && m.All(s => s.Expert >= 0 && s.Expert < experts)) && merged.Zip(layer.Experts).All(m => m.First.Count > 1 || m.First[0].Expert == m.Second), $"layer {layer.Layer}: the experts to merge are not named by expert that is kept, or are not of 0 to {experts - 1}");
            }

            Require(layer.Experts.CountBy(e => e / (experts / groups)).All(g => g.Value == layer.Experts.Count / groups), $"layer {layer.Layer}: of each of its {groups} groups {layer.Experts.Count / groups} experts are to be kept");
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}
