using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>What <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and <c>chat_template.jinja</c> beside a tokenizer say; all of them may be absent.</summary>
internal sealed record SpecialTokens(int? BeginId, int? EndId, int? PadId, string? ChatTemplate, string? ChatTemplateFile)
{
    private const string UsualMask = "[MASK]";

    /// <summary>Stands for a token that is to be predicted.</summary>
    public int? MaskId { get; init; }

    /// <summary>Reads them; a token that the vocabulary lacks counts as none.</summary>
    public static SpecialTokens Read(string folder, Func<string, int?> idOf)
    {
        string configFile = Path.Combine(folder, "tokenizer_config.json");
        JsonElement? config = Open(configFile);
        JsonElement? map = Open(Path.Combine(folder, "special_tokens_map.json"));
        string templateFile = Path.Combine(folder, "chat_template.jinja");
        try
        {
            SpecialTokens tokens = new(Id("bos_token"), Id("eos_token"), Id("pad_token"), null, null) { MaskId = Id("mask_token") ?? idOf(UsualMask) };
            return File.Exists(templateFile) ? tokens with { ChatTemplate = File.ReadAllText(templateFile), ChatTemplateFile = templateFile }
                : Template(config) is { } template ? tokens with { ChatTemplate = template, ChatTemplateFile = configFile }
                : tokens;
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointFormatException(folder, null, "tokenizer_config.json or special_tokens_map.json holds a string that is not text", e);
        }

        int? Id(string key) => (Name(config, key) ?? Name(map, key)) is { } token ? idOf(token) : null;
    }

    private static string? Name(JsonElement? file, string key) =>
        file?.TryGetProperty(key, out JsonElement value) != true ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String ? content.GetString()
        : null;

    /// <summary>One template, or the one named <c>default</c> of several.</summary>
    private static string? Template(JsonElement? config)
    {
        if (config?.TryGetProperty("chat_template", out JsonElement value) != true)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement named in value.EnumerateArray().Where(n => n.ValueKind == JsonValueKind.Object))
            {
                if (string.Equals(Name(named, "name"), "default", StringComparison.Ordinal))
                {
                    return Name(named, "template");
                }
            }
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static JsonElement? Open(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            JsonElement root = JsonElement.Parse(File.ReadAllBytes(path));
            return root.ValueKind == JsonValueKind.Object
                ? root
                : throw new CheckpointFormatException(path, null, "holds no object");
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(path, null, $"is not JSON: {e.Message}", e);
        }
    }
}
