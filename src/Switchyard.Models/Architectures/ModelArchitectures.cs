using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Architectures;

/// <summary>The registered architectures.</summary>
public static class ModelArchitectures
{
    /// <summary>All architectures, by <c>model_type</c>.</summary>
    public static Catalog<Architecture> All { get; } = new("architecture")
    {
        new MixtralArchitecture(),
        new Qwen2MoeArchitecture(),
        new Qwen3Architecture(),
        new Qwen3MoeArchitecture(),
        new OlmoeArchitecture(),
        new DeepSeekV3Architecture(),
        new BertArchitecture(),
        new SwitchyardArchitecture(),
    };

    /// <summary>The architecture that a <c>config.json</c> names.</summary>
    /// <exception cref="Files.CheckpointFormatException">The key is missing or the architecture unknown.</exception>
    internal static Architecture Of(ConfigReader config)
    {
        string type = config.Text("model_type");
        if (type == SwitchyardArchitecture.ModelType && config.Has(ModelSection.Key) && config.Section(ModelSection.Key).Has(nameof(ModelSection.Architecture).ToLowerInvariant()))
        {
            type = config.Section(ModelSection.Key).Text(nameof(ModelSection.Architecture).ToLowerInvariant());
        }

        return All.TryGet(type, out Architecture? architecture)
            ? architecture
            : throw config.Error($"model_type is '{type}'; did you mean '{NearestName.Of(type, All.Names)}'? Known: {string.Join(", ", All.Names)}");
    }
}
