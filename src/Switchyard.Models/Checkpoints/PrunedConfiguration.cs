using System.Text.Json;
using System.Text.Json.Nodes;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes the <c>config.json</c> of a model of which experts are taken out: the original's with the new number of experts.</summary>
internal static class PrunedConfiguration
{
    private const string FutureLayers = "num_nextn_predict_layers";
    private static readonly string[] Keys = ["num_experts", "num_local_experts", "n_routed_experts"];
    private static readonly string[] Parts = ["router", "selector", "balancer"];

    /// <summary>The text of the file: as it was where all experts stay.</summary>
    /// <param name="model">The original.</param>
    /// <param name="kept">The experts that stay.</param>
    /// <param name="withoutFuture">Whether layers that predict several tokens at once stay out.</param>
    public static string Write(MoeTransformer model, IReadOnlyList<KeptExperts> kept, bool withoutFuture)
    {
        ModelSource source = model.Source!;
        (int experts, int left) = (model.Options.Experts, kept[0].Experts.Count);
        if (left == experts)
        {
            return File.ReadAllText(Path.Combine(source.Folder, ModelWriter.ConfigFile));
        }

        JsonObject config = (JsonObject)source.Config.DeepClone();
        foreach (string key in Keys.Where(k => k == source.Architecture.ExpertsKey || (config[k] is JsonValue value && value.TryGetValue(out int number) && number == experts)))
        {
            config[key] = left;
        }

        if (withoutFuture && config.ContainsKey(FutureLayers))
        {
            config[FutureLayers] = 0;
        }

        if (config[ModelSection.Key] is not JsonObject section)
        {
            config[ModelSection.Key] = section = new JsonObject { ["schema"] = ModelSection.CurrentSchema };
        }

        foreach (JsonObject part in (section["rerouted"] as JsonArray ?? []).OfType<JsonObject>().Prepend(section).SelectMany(o => Parts.Select(p => o[p])).OfType<JsonObject>())
        {
            part["experts"] = left;
        }

        PrunedSection? before = section.Deserialize<ModelSection>(ModelSection.Json)!.Pruned;
        section["pruned"] = JsonSerializer.SerializeToNode(PrunedSection.Of(before, experts, kept), ModelSection.Json);
        return config.ToJsonString(ModelConfiguration.Indented) + "\n";
    }
}
