using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Checkpoints;

/// <summary>Writes a model as a folder in Hugging Face's layout: <c>config.json</c> and <c>model.safetensors</c>.</summary>
internal static class ModelWriter
{
    public const string ConfigFile = "config.json";
    private const string WeightsFile = "model.safetensors";
    private static readonly Dictionary<string, string> Metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Both files are written beside the folder first; while they take their places there is no <c>config.json</c>, so that weights never stand with the sizes of other ones.</summary>
    public static void Save(MoeTransformer model, string folder)
    {
        folder = Path.GetFullPath(folder);
        string temporary = $"{Path.TrimEndingDirectorySeparator(folder)}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (NewDisposeScope())
            using (no_grad())
            {
                SafetensorsWriter.Write(Path.Combine(temporary, WeightsFile), ModelTensors.Of(model), Metadata);
            }

            AtomicFile.WriteText(Path.Combine(temporary, ConfigFile), ModelConfiguration.Write(model));
            if (!Directory.Exists(folder))
            {
                Directory.Move(temporary, folder);
                return;
            }

            File.Delete(Path.Combine(folder, ConfigFile));
            File.Move(Path.Combine(temporary, WeightsFile), Path.Combine(folder, WeightsFile), overwrite: true);
            File.Move(Path.Combine(temporary, ConfigFile), Path.Combine(folder, ConfigFile), overwrite: true);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }
}
