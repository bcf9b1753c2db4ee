using System.Text.Json;
using Switchyard.Models.Files;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.CommandLine;

/// <summary>Tells a model's folder in Hugging Face's layout from the folder of a run.</summary>
internal static class ModelPath
{
    /// <summary>Whether a folder's <c>config.json</c> describes a model; the folder may be that of a repository in a hub cache.</summary>
    public static bool IsModel(string folder) => Holds(Path.Combine(HubFolder.Resolve(folder), "config.json"), config => config.TryGetProperty("model_type", out _));

    /// <summary>Whether a folder is that of a run that began with another model, whose path its <c>config.json</c> names, as <c>reroute</c> does.</summary>
    public static bool IsRunOfModel(string folder) => Holds(new RunFolder(folder).ConfigPath, config => config.TryGetProperty("model", out JsonElement model) && model.ValueKind == JsonValueKind.String);

    /// <summary>The model's folder: the one named, or the trained model in the folder of a run.</summary>
    /// <exception cref="ConfigurationException">There is no model in it.</exception>
    public static string Resolve(string folder)
    {
        if (IsModel(folder))
        {
            return folder;
        }

        string trained = new RunFolder(folder).ModelPath;
        return IsModel(trained)
            ? trained
            : throw new ConfigurationException($"{folder}: no model there; a model's folder has a config.json with a model_type, and weights in safetensors");
    }

    /// <summary>Whether a file is there and its object is such.</summary>
    private static bool Holds(string path, Func<JsonElement, bool> isSuch)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(path));
            return config.RootElement.ValueKind == JsonValueKind.Object && isSuch(config.RootElement);
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"{path} is not JSON: {e.Message}", e);
        }
    }
}
