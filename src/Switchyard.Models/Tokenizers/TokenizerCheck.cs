using System.Text.Json;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tokenizers;

/// <summary>Checks the parts of a <c>tokenizer.json</c>.</summary>
internal sealed class TokenizerCheck(string path)
{
    private const int DeepestNesting = 16;
    private static readonly string[] Normalizers =
        ["BertNormalizer", "Strip", "StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Sequence", "Lowercase", "Nmt", "Precompiled", "Replace", "Prepend", "ByteLevel"];

    private static readonly string[] PreTokenizers =
        ["BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Metaspace", "Whitespace", "Sequence", "Split", "Punctuation", "WhitespaceSplit", "Digits", "UnicodeScripts", "FixedLength"];

    private static readonly string[] PostProcessors = ["RobertaProcessing", "BertProcessing", "ByteLevel", "TemplateProcessing", "Sequence"];

    private static readonly string[] Decoders = ["BPEDecoder", "ByteLevel", "WordPiece", "Metaspace", "CTC", "Sequence", "Replace", "Fuse", "Strip", "ByteFallback"];

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
        if (type is not ("BPE" or "WordPiece" or "WordLevel" or "Unigram" or null))
        {
            throw Error($"model: the type '{type}' is unknown");
        }

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

        int next = ids.Count;
        foreach (JsonElement token in Elements(added, "added_tokens"))
        {
            if (token.ValueKind != JsonValueKind.Object || Text(token, "content") is not { Length: > 0 } content || !token.TryGetProperty("id", out JsonElement number))
            {
                throw Error("added_tokens: a token has no content or no id");
            }

            int id = Id(number, content);
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

    /// <summary>Checks normalizer, pre-tokenizer, post-processor and decoder.</summary>
    public void Parts(JsonElement root, Dictionary<string, int> ids)
    {
        Part(root, "normalizer", "normalizers", Normalizers, ids);
        Part(root, "pre_tokenizer", "pretokenizers", PreTokenizers, ids);
        Part(root, "post_processor", "processors", PostProcessors, ids);
        Part(root, "decoder", "decoders", Decoders, ids);
    }

    private void Part(JsonElement parent, string key, string children, string[] known, Dictionary<string, int> ids)
    {
        if (parent.TryGetProperty(key, out JsonElement part) && part.ValueKind != JsonValueKind.Null)
        {
            CheckPart(part, key, children, known, ids, 0);
        }
    }

    private void CheckPart(JsonElement part, string key, string children, string[] known, Dictionary<string, int> ids, int depth)
    {
        string? type = part.ValueKind == JsonValueKind.Object ? Text(part, "type") : null;
        if (type is null || !known.Contains(type, StringComparer.Ordinal))
        {
            throw Error($"{key}: {(type is null ? "it has no type" : $"the type '{type}' is unknown")}");
        }

        if (depth > DeepestNesting)
        {
            throw Error($"{key}: sequences are nested more than {DeepestNesting} deep");
        }

        if (type is "Sequence")
        {
            foreach (JsonElement child in Elements(part.TryGetProperty(children, out JsonElement list) ? list : default, $"{key}.{children}"))
            {
                CheckPart(child, key, children, known, ids, depth + 1);
            }
        }

        if (type is "TemplateProcessing")
        {
            Template(part, ids);
        }
    }

    /// <summary>The engine takes for granted that every token of a template is listed.</summary>
    private void Template(JsonElement part, Dictionary<string, int> ids)
    {
        JsonElement listed = Object(part, "special_tokens");
        foreach (string side in new[] { "single", "pair" })
        {
            foreach (JsonElement piece in Elements(part.TryGetProperty(side, out JsonElement list) ? list : default, $"post_processor.{side}"))
            {
                if (piece.ValueKind != JsonValueKind.Object)
                {
                    throw Error($"post_processor.{side}: an element is no object");
                }

                if (piece.TryGetProperty("SpecialToken", out JsonElement token)
                    && (token.ValueKind != JsonValueKind.Object || Text(token, "id") is not { } name || !listed.TryGetProperty(name, out _)))
                {
                    throw Error($"post_processor.{side}: a special token is not listed in special_tokens");
                }
            }
        }

        HashSet<int> known = [.. ids.Values];
        foreach (JsonProperty token in listed.EnumerateObject())
        {
            JsonElement numbers = token.Value.ValueKind == JsonValueKind.Object && token.Value.TryGetProperty("ids", out JsonElement list) ? list : default;
            foreach (JsonElement number in Elements(numbers, $"post_processor.special_tokens.{token.Name}.ids"))
            {
                if (!known.Contains(Id(number, token.Name)))
                {
                    throw Error($"post_processor: no token has the id {number} of '{token.Name}'");
                }
            }
        }
    }

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

            ids.Add(token.Name, id);
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

            if (!ids.TryAdd(pair[0].GetString()!, id))
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

            bool fits = parts.Length == 2 && parts[1].StartsWith(prefix, StringComparison.Ordinal) && prefix.All(char.IsAscii);
            if (!fits || !ids.ContainsKey(parts[0]) || !ids.ContainsKey(parts[1]) || !ids.ContainsKey(parts[0] + parts[1][prefix.Length..]))
            {
                throw Error($"model: merge {at}, {merge.GetRawText()}, is not of two tokens whose whole is a token too");
            }

            at++;
        }
    }

    private IEnumerable<JsonElement> Elements(JsonElement list, string key) =>
        list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw Error($"'{key}' is missing or is no array");

    private int Id(JsonElement number, string token) =>
        number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int id) && id >= 0 ? id : throw Error($"the id of '{token}' is {number.GetRawText()}; it must be a whole number from 0 on");

    private static string? Text(JsonElement parent, string key) =>
        parent.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
