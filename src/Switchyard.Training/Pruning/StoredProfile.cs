using Switchyard.Models;
using Switchyard.Training.Results;

namespace Switchyard.Training.Pruning;

/// <summary>A profile that was written earlier, read to score the experts of the model that it is of.</summary>
internal static class StoredProfile
{
    /// <summary>Reads a profile and sees that it fits a model. A copy of a model with weights of another type has its shape.</summary>
    /// <param name="file">Its JSON.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="ConfigurationException">It is of a model of another shape.</exception>
    /// <exception cref="ResultFormatException">It is no profile, or its counts are damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ProfileResult Read(string file, MoeTransformer model)
    {
        ProfileResult profile = ProfileResultJson.Read(file);
        MoeLayerOptions layer = model.MoeLayers[0].Options;
        (string What, int Profiled, int Model)[] shape =
        [
            ("layers", profile.Model.Layers, model.Options.Layers),
            ("hidden size", profile.Model.HiddenSize, layer.HiddenSize),
            ("tokens of the vocabulary", profile.Model.VocabularySize, model.Options.VocabularySize),
            ("experts of a layer", profile.Model.Experts, layer.Experts),
            ("experts of a token", profile.Model.TopK, layer.TopK),
            ("inner size of an expert", profile.Model.InnerSize, layer.InnerSize),
        ];
        foreach ((string what, int profiled, int own) in shape.Where(s => s.Profiled != s.Model))
        {
            throw new ConfigurationException($"'{file}' is a profile of another model, '{profile.Model.Name}': {what} {profiled}, in '{model.Source!.Folder}' {own}");
        }

        int[] layers = [.. profile.Layers.Select(l => l.Layer)], moe = [.. model.MoeLayers.Select(l => l.Options.Layer)];
        if (!layers.SequenceEqual(moe))
        {
            throw new ConfigurationException($"'{file}' is a profile of another model, '{profile.Model.Name}': it has experts in layers {string.Join(", ", layers)}, '{model.Source!.Folder}' in {string.Join(", ", moe)}");
        }

        foreach (ProfileLayer counted in profile.Layers)
        {
            if (counted.Load.Count != layer.Experts || counted.SoftLoad.Count != layer.Experts || counted.Load.Any(pairs => pairs < 0) || counted.SoftLoad.Any(weight => !double.IsFinite(weight)))
            {
                throw new ResultFormatException($"'{file}', layer {counted.Layer}: \"load\" and \"softLoad\" must be {layer.Experts} numbers each, pairs and sums of combine weights");
            }
        }

        return profile;
    }
}
