using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>Checks the parts of a <c>tokenizer.json</c>.</summary>
internal sealed class TokenizerCheck(string path)
{
    private const int LongestToken = 1 << 12;
    private const int LongestPrefix = 32;
    private const int LongestWord = 256;
    private const int MostIds = 1 << 24;
    private const int MostAddedTokens = 1 << 17;
    private const int MostAddedCharacters = 1 << 20;
    private const double LargestScore = 1e6;

    private static readonly string[] Types = ["BPE", "WordPiece", "WordLevel", "Unigram"];

    private static readonly string[] Keys =
        ["dropout", "unk_token", "unk_id", "continuing_subword_prefix", "end_of_word_suffix", "max_input_chars_per_word", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"];

    public string Path => path;

    public CheckpointFormatException Error(string reason) => new(path, null, reason);

    public JsonElement Object(JsonElement parent, string key)
    {
        if (parent.ValueKind != JsonValueKind.Object)
        {
            throw Error("holds no object; is it a tokenizer?");
        }

        return parent.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : throw Error($"'{key}' is missing or is no object; is it a tokenizer?");
    }

    /// <summary>The vocabulary of a model, its merges checked against it.</summary>
    public Dictionary<string, int> Model(JsonElement model)
    {
        string? type = Text(model, "type");
        if (type is null ? model.TryGetProperty("type", out _) : !Types.Contains(type, StringComparer.Ordinal))
        {
            throw Error($"model: the type '{type}' is unknown");
        }

        Parameters(model);
        if (!model.TryGetProperty("vocab", out JsonElement vocabulary))
        {
            throw Error("model: 'vocab' is missing");
        }

        Dictionary<string, int> ids = vocabulary.ValueKind switch
        {
            JsonValueKind.Object when type is not "Unigram" => Named(vocabulary),
            JsonValueKind.Array when type is "Unigram" or null => Listed(vocabulary),
            _ => throw Error("model: 'vocab' is not of the form that its type has"),
        };
        if (type is "WordPiece" or "WordLevel" && (Text(model, "unk_token") is not { } unknown || !ids.ContainsKey(unknown)))
        {
            throw Error("model: 'unk_token' is missing, or is not in its vocabulary");
        }

        if (type is "Unigram" or null && model.TryGetProperty("unk_id", out JsonElement id) && id.ValueKind != JsonValueKind.Null && Id(id, "unk_id") >= ids.Count)
        {
            throw Error("model: 'unk_id' is not in its vocabulary");
        }

        if (model.TryGetProperty("merges", out JsonElement merges))
        {
            Merges(merges, ids, Text(model, "continuing_subword_prefix") ?? string.Empty);
        }

        return ids;
    }

    /// <summary>Adds the added tokens to a vocabulary, with the ids that the engine gives them, which must be those of the file; returns the special ones.</summary>
    public HashSet<int> AddedTokens(JsonElement root, Dictionary<string, int> ids)
    {
        HashSet<int> special = [];
        if (!root.TryGetProperty("added_tokens", out JsonElement added) || added.ValueKind == JsonValueKind.Null)
        {
            return special;
        }

        if (added.ValueKind == JsonValueKind.Array && added.GetArrayLength() > MostAddedTokens)
        {
            throw Error($"added_tokens: there are {added.GetArrayLength()} tokens; at most {MostAddedTokens} are read");
        }

        (int next, int characters) = (ids.Count, 0);
        foreach (JsonElement token in Elements(added, "added_tokens"))
        {
            if (token.ValueKind != JsonValueKind.Object || Text(token, "content") is not { Length: > 0 } content || !token.TryGetProperty("id", out JsonElement number))
            {
                throw Error("added_tokens: a token has no content or no id");
            }

            TokenizerPart part = new(path, "added_tokens", token);
            part.Only("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
            part.Flags("single_word", "lstrip", "rstrip", "normalized", "special");
            int id = Id(number, Bounded(content));
            characters += content.Length;
            if (characters > MostAddedCharacters)
            {
                throw Error($"added_tokens: they have more than {MostAddedCharacters} characters together");
            }

            if (!ids.TryGetValue(content, out int known))
            {
                known = next++;
                ids.Add(content, known);
            }

            if (known != id)
            {
                throw Error($"added_tokens: '{content}' has the id {id}, but stands where {known} is");
            }

            if (token.TryGetProperty("special", out JsonElement flag) && flag.ValueKind == JsonValueKind.True)
            {
                special.Add(id);
            }
        }

        return special;
    }

    /// <summary>Switches and sizes of a model, within bounds.</summary>
    private void Parameters(JsonElement model)
    {
        TokenizerPart part = new(path, "model", model);
        part.Only(Keys);
        part.Flags("fuse_unk", "byte_fallback", "ignore_merges");
        part.Number("max_input_chars_per_word", 1, LongestWord, optional: true);
        part.Text("unk_token", least: 0, optional: true);
        foreach (string key in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (part.Text(key, least: 0, optional: true) > LongestPrefix)
            {
                throw Error($"model: '{key}' has more than {LongestPrefix} bytes");
            }
        }

        if (model.TryGetProperty("dropout", out JsonElement dropout) && dropout.ValueKind != JsonValueKind.Null
            && !(dropout.ValueKind == JsonValueKind.Number && dropout.TryGetDouble(out double share) && share is >= 0 and <= 1))
        {
            throw Error($"model: 'dropout' is {dropout.GetRawText()}; it must lie between 0 and 1");
        }
    }

    /// <summary>A token, which must not be too long.</summary>
    private string Bounded(string token) => token.Length <= LongestToken ? token : throw Error($"a token has {token.Length} characters; at most {LongestToken} are read");

    private Dictionary<string, int> Named(JsonElement vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        HashSet<int> used = [];
        foreach (JsonProperty token in vocabulary.EnumerateObject())
        {
            int id = Id(token.Value, token.Name);
            if (!used.Add(id))
            {
                throw Error($"model: two tokens have the id {id}; one is '{token.Name}'");
            }

            ids.Add(Bounded(token.Name), id);
        }

        return ids;
    }

    private Dictionary<string, int> Listed(JsonElement vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        int id = 0;
        foreach (JsonElement pair in vocabulary.EnumerateArray())
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.String || pair[1].ValueKind != JsonValueKind.Number)
            {
                throw Error($"model: element {id} of 'vocab' is not a token and its score");
            }

            if (pair[0].GetString() is not { Length: > 0 } || !(pair[1].TryGetDouble(out double score) && Math.Abs(score) <= LargestScore))
            {
                throw Error($"model: element {id} of 'vocab' is an empty token, or its score is not within ±{LargestScore}");
            }

            if (!ids.TryAdd(Bounded(pair[0].GetString()!), id))
            {
                throw Error($"model: the token '{pair[0].GetString()}' stands twice");
            }

            id++;
        }

        return ids;
    }

    private void Merges(JsonElement merges, Dictionary<string, int> ids, string prefix)
    {
        int at = 0;
        foreach (JsonElement merge in Elements(merges, "model.merges"))
        {
            string[] parts = merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!.Split(' '),
                JsonValueKind.Array when merge.EnumerateArray().All(p => p.ValueKind == JsonValueKind.String) => [.. merge.EnumerateArray().Select(p => p.GetString()!)],
                _ => [],
            };

            bool fits = parts.Length == 2 && parts[0].Length > 0 && parts[1].Length > prefix.Length && parts[1].StartsWith(prefix, StringComparison.Ordinal) && prefix.All(char.IsAscii);
            if (!fits || !ids.ContainsKey(parts[0]) || !ids.ContainsKey(parts[1]) || !ids.ContainsKey(parts[0] + parts[1][prefix.Length..]))
            {
                throw Error($"model: merge {at}, {merge.GetRawText()}, is not of two tokens whose whole is a token too");
            }

            at++;
        }
    }

    public IEnumerable<JsonElement> Elements(JsonElement list, string key) =>
        list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw Error($"'{key}' is missing or is no array");

    private int Id(JsonElement number, string token) =>
        number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int id) && id is >= 0 and < MostIds ? id : throw Error($"the id of '{token}' is {number.GetRawText()}; it must be a whole number from 0 on, below {MostIds}");

    private static string? Text(JsonElement parent, string key) =>
        parent.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
