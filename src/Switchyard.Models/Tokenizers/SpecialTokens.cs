using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>What <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and <c>chat_template.jinja</c> beside a tokenizer say; all of them may be absent.</summary>
internal sealed record SpecialTokens(int? BeginId, int? EndId, int? PadId, string? ChatTemplate)
{
    /// <summary>Reads them; a token that the vocabulary lacks counts as none.</summary>
    public static SpecialTokens Read(string folder, Func<string, int?> idOf)
    {
        JsonElement? config = Open(Path.Combine(folder, "tokenizer_config.json"));
        JsonElement? map = Open(Path.Combine(folder, "special_tokens_map.json"));
        string template = Path.Combine(folder, "chat_template.jinja");
        return new SpecialTokens(
            Id("bos_token"),
            Id("eos_token"),
            Id("pad_token"),
            File.Exists(template) ? File.ReadAllText(template) : Template(config));

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
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new CheckpointFormatException(path, null, "holds no object");
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException(path, null, $"is not JSON: {e.Message}", e);
        }
    }
}
