using System.Globalization;
using System.Text.Json.Nodes;

namespace Switchyard.Fuzz.Targets;

/// <summary>Small tokenizers of each family, with all parts that files of it have, and parts to put in their place.</summary>
internal static class TokenizerBases
{
    /// <summary>GPT-2's words, in the form that Llama 3 and Qwen use.</summary>
    private const string Words = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Files by the name of their family.</summary>
    public static IReadOnlyDictionary<string, Func<JsonNode>> All { get; } = new SortedDictionary<string, Func<JsonNode>>(StringComparer.Ordinal)
    {
        ["small"] = () => JsonNode.Parse(TokenizerTarget.Valid)!,
        ["bytes"] = Bytes,
        ["wordpiece"] = WordPiece,
        ["metaspace"] = Metaspace,
        ["unigram"] = Unigram,
    };

    /// <summary>Parts of every kind, harmless ones and those that the engine was seen to end the process over, or to run away with.</summary>
    public static IReadOnlyList<string> Parts { get; } =
    [
        Split("(a+)+$x"), Split("^(a|a)*$"), Split("a*"), Split("a*b"), Split(@"(\\s*)*x"), Split(Words.Replace(@"\", @"\\", StringComparison.Ordinal)), Split(@"\\p{N}{1,3}"), Split("[a-z]+"), Split(@"\\s+"), Split("a{0,64}a{0,64}b"), Split("[[a]]+"), Split("(?=a)"), Split("a+?b"),
        Replace("\"String\":\"\"", "x"), Replace("\"String\":\"a\"", new string('a', 100)), Replace("\"String\":\" \"", "_"), Replace("\"Regex\":\" {2,}\"", " "), Replace("\"Regex\":\"a*\"", "aa"), Replace("\"Regex\":\"(a+)+b\"", "a"),
        """{"type":"Precompiled","precompiled_charsmap":"AAAA"}""", """{"type":"Precompiled","precompiled_charsmap":"/////wAAAAA="}""", """{"type":"Precompiled","precompiled_charsmap":""}""",
        """{"type":"FixedLength","length":0}""", """{"type":"FixedLength","length":5}""", """{"type":"FixedLength","length":1}""",
        """{"type":"Strip","content":" ","start":100000,"stop":100000}""", """{"type":"Strip","content":"a","start":1,"stop":1}""", """{"type":"Strip","content":"a","start":3,"stop":0}""", """{"type":"Strip","strip_left":true,"strip_right":true}""",
        """{"type":"NFC"}""", """{"type":"NFKD"}""", """{"type":"NFKC"}""", """{"type":"Lowercase"}""", """{"type":"Nmt"}""", """{"type":"StripAccents"}""", """{"type":"ByteLevel"}""", """{"type":"Prepend","prepend":"_"}""", """{"type":"Prepend","prepend":""}""",
        """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":true,"lowercase":true}""", """{"type":"BertPreTokenizer"}""", """{"type":"Whitespace"}""", """{"type":"WhitespaceSplit"}""", """{"type":"UnicodeScripts"}""",
        """{"type":"Digits","individual_digits":true}""", """{"type":"Punctuation","behavior":"Contiguous"}""", """{"type":"CharDelimiterSplit","delimiter":" "}""", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""",
        """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""", """{"type":"BPEDecoder","suffix":""}""", """{"type":"BPEDecoder","suffix":"</w>"}""", """{"type":"WordPiece","prefix":"##","cleanup":true}""",
        """{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}""", """{"type":"CTC","pad_token":"","word_delimiter_token":"","cleanup":true}""", """{"type":"Fuse"}""", """{"type":"ByteFallback"}""",
        """{"type":"BertProcessing","sep":["b",1],"cls":["a",0]}""", """{"type":"RobertaProcessing","sep":["b",1],"cls":["a",0],"trim_offsets":true,"add_prefix_space":true}""",
        """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}""", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"a":{"id":"a","ids":[0,1],"tokens":["a"]}}}""",
        """{"type":"Sequence"}""", """{"type":"Unknown"}""",
    ];

    private static string Split(string regex) => "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" + regex + "\"},\"behavior\":\"Isolated\",\"invert\":false}";

    private static string Replace(string pattern, string content) => "{\"type\":\"Replace\",\"pattern\":{" + pattern + "},\"content\":\"" + content + "\"}";

    private static JsonObject File(string normalizer, string preTokenizer, string postProcessor, string decoder, JsonObject model, params (int Id, string Content)[] added) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. added.Select((t, i) => new JsonObject
        {
            ["id"] = t.Id, ["content"] = t.Content, ["single_word"] = false, ["lstrip"] = i % 2 == 1, ["rstrip"] = false, ["normalized"] = i % 2 == 1, ["special"] = i % 2 == 0,
        })]),
        ["normalizer"] = JsonNode.Parse(normalizer),
        ["pre_tokenizer"] = JsonNode.Parse(preTokenizer),
        ["post_processor"] = JsonNode.Parse(postProcessor),
        ["decoder"] = JsonNode.Parse(decoder),
        ["model"] = model,
    };

    private static JsonObject Vocabulary(IEnumerable<string> tokens) => new(tokens.Select((t, i) => KeyValuePair.Create(t, (JsonNode?)JsonValue.Create(i))));

    private static JsonNode Bytes()
    {
        string[] letters = [.. Enumerable.Range('!', 94).Concat(Enumerable.Range(0xA1, 12)).Concat(Enumerable.Range(0xAE, 82)).Concat(Enumerable.Range(0x100, 68)).Select(c => ((char)c).ToString())];
        string byteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""";
        return File(
            $$"""{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"String":"~"},"content":"-"},{"type":"Lowercase"}]}""",
            $$"""{"type":"Sequence","pretokenizers":[{{Split(Words.Replace(@"\", @"\\", StringComparison.Ordinal))}},{"type":"Digits","individual_digits":true},{{byteLevel}}]}""",
            byteLevel,
            byteLevel,
            new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = Vocabulary(letters.Concat(["aa", "ab", "Ġa", "aaaa"])),
                ["merges"] = new JsonArray(new JsonArray("a", "a"), new JsonArray("a", "b"), new JsonArray("Ġ", "a"), new JsonArray("aa", "aa")),
            },
            (260, "<|end|>"),
            (261, "<tool>"));
    }

    private static JsonNode WordPiece() => File(
        """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""",
        """{"type":"BertPreTokenizer"}""",
        """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}}""",
        """{"type":"WordPiece","prefix":"##","cleanup":true}""",
        new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = "[UNK]",
            ["continuing_subword_prefix"] = "##",
            ["max_input_chars_per_word"] = 100,
            ["vocab"] = Vocabulary(["[UNK]", "[CLS]", "[SEP]", "a", "b", "##a", "##b", "aa", "##ab", "x", "'", ".", "中"]),
        },
        (0, "[UNK]"),
        (1, "[CLS]"),
        (2, "[SEP]"));

    private static JsonNode Metaspace() => File(
        """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""",
        "null",
        """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}""",
        """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""",
        new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = "<unk>",
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = true,
            ["byte_fallback"] = true,
            ["vocab"] = Vocabulary(["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(b => "<0x" + b.ToString("X2", CultureInfo.InvariantCulture) + ">"), "▁", "a", "b", "▁a", "aa", "ab"]),
            ["merges"] = new JsonArray("▁ a", "a a", "a b"),
        },
        (0, "<unk>"),
        (1, "<s>"),
        (2, "</s>"));

    private static JsonNode Unigram()
    {
        string metaspace = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""";
        string[] tokens = ["<pad>", "<unk>", "▁", "a", "b", "▁a", "aa", "ab", "中"];
        return File(
            """{"type":"Sequence","normalizers":[{"type":"Nmt"},{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]}""",
            $$"""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{{metaspace}}]}""",
            """{"type":"RobertaProcessing","sep":["<pad>",0],"cls":["<unk>",1],"trim_offsets":true,"add_prefix_space":true}""",
            metaspace,
            new JsonObject { ["type"] = "Unigram", ["unk_id"] = 1, ["byte_fallback"] = false, ["vocab"] = new JsonArray([.. tokens.Select((t, i) => new JsonArray(t, -0.5 * i))]) },
            (0, "<pad>"),
            (1, "<unk>"));
    }
}
