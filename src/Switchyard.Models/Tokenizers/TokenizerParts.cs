using System.Globalization;
using System.Text.Json;

namespace Switchyard.Models.Tokenizers;

/// <summary>Normalizer, pre-tokenizer, post-processor and decoder of a <c>tokenizer.json</c>: only kinds and parameters that cannot end the process or run away get through to the native engine, which aborts where it fails.</summary>
internal sealed class TokenizerParts(TokenizerCheck check, Dictionary<string, int> ids)
{
    /// <summary>The most bytes that a byte of text, or of tokens, may become in all parts together.</summary>
    public const double LargestGrowth = 128;

    private const int DeepestNesting = 16;
    private const int MostParts = 64;
    private const int MostPieces = 64;

    // UTF-8 bytes a byte, at the most: U+FDFA for the compatible forms, U+0390 and others for the canonical ones, U+0130 in lower case.
    private const double Compatible = 11, Canonical = 3, LowerCase = 1.5;
    private readonly HashSet<int> _ids = [.. ids.Values];
    private int _parts, _steps;

    private delegate double? Kind(TokenizerPart part, string type, JsonElement element);

    public void Check(JsonElement root)
    {
        Within(Chain(root, "normalizer", "normalizers", Normalizer) * Chain(root, "pre_tokenizer", "pretokenizers", PreTokenizer), "normalizer and pre_tokenizer: a text");
        Within(Chain(root, "post_processor", "processors", PostProcessor), "post_processor: a text");
        Within(Chain(root, "decoder", "decoders", Decoder), "decoder: a text");
    }

    private void Within(double growth, string what)
    {
        if (!(growth <= LargestGrowth))
        {
            throw check.Error(string.Create(CultureInfo.InvariantCulture, $"{what} may grow {growth:G4} times; at most {LargestGrowth} times are allowed"));
        }
    }

    private double Chain(JsonElement root, string key, string children, Kind kind) =>
        root.TryGetProperty(key, out JsonElement part) && part.ValueKind != JsonValueKind.Null ? Growth(part, key, children, kind, 0) : 1;

    private double Growth(JsonElement element, string name, string children, Kind kind, int depth)
    {
        string? type = element.ValueKind == JsonValueKind.Object && element.TryGetProperty("type", out JsonElement word) && word.ValueKind == JsonValueKind.String ? word.GetString() : null;
        if (type is null)
        {
            throw check.Error($"{name}: it has no type");
        }

        if (depth > DeepestNesting || ++_parts > MostParts)
        {
            throw check.Error($"{name}: sequences are nested more than {DeepestNesting} deep, or the file has more than {MostParts} parts");
        }

        TokenizerPart part = new(check.Path, name, element);
        if (type is not "Sequence")
        {
            double growth = kind(part, type, element) ?? throw check.Error($"{name}: the type '{type}' is unknown, or is not run because the engine may end the process over it");
            _steps += part.Steps;
            return _steps <= SafePattern.MostSteps ? growth : throw part.Error($"the regular expressions of the file may take {_steps} steps at every character; at most {SafePattern.MostSteps} are allowed");
        }

        part.Only(children);
        double product = 1;
        int at = 0;
        foreach (JsonElement child in check.Elements(element.TryGetProperty(children, out JsonElement list) ? list : default, $"{name}.{children}"))
        {
            product *= Growth(child, $"{name}.{children}[{at++}]", children, kind, depth + 1);
        }

        return product;
    }

    private static double? Normalizer(TokenizerPart part, string type, JsonElement element)
    {
        switch (type)
        {
            case "BertNormalizer":
                part.Only("clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
                part.Flags("clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
                return 2 * Canonical * LowerCase;
            case "Strip":
                part.Only("strip_left", "strip_right");
                part.Flags("strip_left", "strip_right");
                return 1;
            case "NFKC" or "NFKD":
                part.Only();
                return Compatible;
            case "NFC" or "NFD":
                part.Only();
                return Canonical;
            case "Lowercase":
                part.Only();
                return LowerCase;
            case "StripAccents" or "Nmt":
                part.Only();
                return 1;
            case "ByteLevel":
                part.Only();
                return 2;
            case "Prepend":
                part.Only("prepend");
                return 1 + part.Text("prepend");
            default:
                return type is "Replace" ? Replaced(part) : null;
        }
    }

    private static double? PreTokenizer(TokenizerPart part, string type, JsonElement element)
    {
        switch (type)
        {
            case "BertPreTokenizer" or "Whitespace" or "WhitespaceSplit" or "UnicodeScripts":
                part.Only();
                return 1;
            case "ByteLevel":
                return 2 * (ByteLevel(part) ? 2 : 1);
            case "CharDelimiterSplit":
                part.Only("delimiter");
                part.Character("delimiter");
                return 1;
            case "Metaspace":
                return 2 * Metaspace(part);
            case "Split":
                part.Only("pattern", "behavior", "invert");
                part.Pattern();
                part.Behavior();
                part.Flags("invert");
                return 1;
            case "Punctuation":
                part.Only("behavior");
                part.Behavior(optional: true);
                return 1;
            case "Digits":
                part.Only("individual_digits");
                part.Flags("individual_digits");
                return 1;
            case "FixedLength":
                part.Only("length");
                part.Number("length", 1, 1 << 16);
                return 1;
            default:
                return null;
        }
    }

    private double? PostProcessor(TokenizerPart part, string type, JsonElement element)
    {
        switch (type)
        {
            case "ByteLevel":
                ByteLevel(part);
                return 1;
            case "BertProcessing" or "RobertaProcessing":
                part.Only(type is "BertProcessing" ? ["sep", "cls"] : ["sep", "cls", "trim_offsets", "add_prefix_space"]);
                part.TokenAndId("sep", IsId);
                part.TokenAndId("cls", IsId);
                part.Flags("trim_offsets", "add_prefix_space");
                return 1;
            case "TemplateProcessing":
                part.Only("single", "pair", "special_tokens");
                Template(part, element);
                return 1;
            default:
                return null;
        }
    }

    private static double? Decoder(TokenizerPart part, string type, JsonElement element)
    {
        switch (type)
        {
            case "ByteLevel":
                ByteLevel(part);
                return Canonical; // U+FFFD for a byte
            case "BPEDecoder":
                part.Only("suffix");
                part.Text("suffix");
                return 1;
            case "WordPiece":
                part.Only("prefix", "cleanup");
                part.Text("prefix", least: 0);
                part.Flags("cleanup");
                return 2;
            case "Metaspace":
                Metaspace(part);
                return 1;
            case "CTC":
                part.Only("pad_token", "word_delimiter_token", "cleanup");
                part.Text("pad_token");
                part.Text("word_delimiter_token");
                part.Flags("cleanup");
                return 1;
            case "Fuse" or "ByteFallback":
                part.Only();
                return 1;
            case "Strip":
                part.Only("content", "start", "stop");
                part.Character("content");
                part.Number("start", 0, 1 << 10);
                part.Number("stop", 0, 0); // The engine counts below zero where a token is shorter.
                return 1;
            default:
                return type is "Replace" ? Replaced(part) : null;
        }
    }

    private static double Replaced(TokenizerPart part)
    {
        part.Only("pattern", "content");
        return Math.Max(1, (double)part.Text("content", least: 0) / part.Pattern());
    }

    /// <summary>Whether a space is put before each piece.</summary>
    private static bool ByteLevel(TokenizerPart part)
    {
        part.Only("add_prefix_space", "trim_offsets", "use_regex");
        part.Flags("trim_offsets", "use_regex");
        return part.Flag("add_prefix_space");
    }

    private static int Metaspace(TokenizerPart part)
    {
        part.Only("replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split");
        part.Flags("add_prefix_space", "split");
        part.Text("str_rep", optional: true);
        part.OneOf("prepend_scheme", optional: true, "always", "never", "first");
        return part.Character("replacement");
    }

    /// <summary>The engine takes for granted that every token of a template is listed, and that there is no second text where there is one.</summary>
    private void Template(TokenizerPart part, JsonElement element)
    {
        JsonElement listed = check.Object(element, "special_tokens");
        Pieces(part, element, listed, "single", "A");
        Pieces(part, element, listed, "pair", "A", "B");
        if (listed.GetPropertyCount() > MostPieces)
        {
            throw part.Error($"special_tokens lists more than {MostPieces} tokens");
        }

        foreach (JsonProperty token in listed.EnumerateObject())
        {
            JsonElement numbers = Under(token.Value, "ids"), names = Under(token.Value, "tokens");
            int count = 0;
            foreach (JsonElement number in check.Elements(numbers, $"post_processor.special_tokens.{token.Name}.ids"))
            {
                count++;
                if (!IsId(number))
                {
                    throw part.Error($"no token has the id {number} of '{token.Name}'");
                }
            }

            if (count > MostPieces || names.ValueKind != JsonValueKind.Array || names.GetArrayLength() != count)
            {
                throw part.Error($"'{token.Name}' must have as many tokens as ids, and at most {MostPieces}");
            }
        }
    }

    private void Pieces(TokenizerPart part, JsonElement element, JsonElement listed, string side, params ReadOnlySpan<string> texts)
    {
        int count = 0;
        HashSet<string> seen = [];
        foreach (JsonElement piece in check.Elements(Under(element, side), $"post_processor.{side}"))
        {
            if (piece.ValueKind != JsonValueKind.Object || piece.GetPropertyCount() != 1 || ++count > MostPieces)
            {
                throw part.Error($"{side}: an element is no object of one key, or there are more than {MostPieces}");
            }

            JsonProperty only = piece.EnumerateObject().First();
            string? id = Under(only.Value, "id") is { ValueKind: JsonValueKind.String } name ? name.GetString() : null;
            if (only.Name is "SpecialToken" && (id is null || !listed.TryGetProperty(id, out _)))
            {
                throw part.Error($"{side}: a special token is not listed in special_tokens");
            }

            if (only.Name is not "SpecialToken" && (only.Name is not "Sequence" || id is null || !texts.Contains(id) || !seen.Add(id)))
            {
                throw part.Error($"{side}: an element is neither a special token nor a text that stands once");
            }
        }
    }

    private bool IsId(JsonElement number) => number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int id) && _ids.Contains(id);

    private static JsonElement Under(JsonElement parent, string key) => parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(key, out JsonElement value) ? value : default;
}
