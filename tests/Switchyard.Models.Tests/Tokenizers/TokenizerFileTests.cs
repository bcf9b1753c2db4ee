using System.Text.Json.Nodes;
using Switchyard.Fuzz.Targets;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Tokenizers;

/// <summary>Damaged files are refused with a reason before the native engine sees them.</summary>
public sealed class TokenizerFileTests
{
    private const string Small = TokenizerTarget.Valid;

    [Fact]
    public void A_text_is_neither_cut_nor_filled_up()
    {
        using TemporaryFolder folder = new();
        using TextTokenizer tokenizer = TextTokenizer.Load(Write(folder, Small));

        Assert.Equal([3, 2, 1, 0], tokenizer.Encode("abba"));
        Assert.Equal([2, 1, 0], tokenizer.Encode("abba", addSpecial: false));
        Assert.Equal("abba", tokenizer.Decode([3, 2, 1, 0]));
        Assert.Equal("<s>abba", tokenizer.Decode([3, 2, 1, 0], skipSpecial: false));
        Assert.Equal(4, tokenizer.VocabularySize);
        Assert.Null(tokenizer.EndId);
    }

    public static TheoryData<string, string, string> Damages => new()
    {
        { "\"ab\": 2", "\"ab\": 1", "two tokens have the id 1" },
        { "\"ab\": 2", "\"ab\": -2", "the id of 'ab' is -2" },
        { "\"ab\": 2", "\"ab\": 9e99", "the id of 'ab'" },
        { "\"ab\": 2", "\"a\": 2", "is not JSON" },
        { "\"ab\": 2", "\"\\ud800\": 2", "not text" },
        { "\"a b\"", "\"a c\"", "merge 0" },
        { "\"a b\"", "7", "merge 0" },
        { "\"type\": \"BPE\"", "\"type\": \"Letters\"", "'Letters' is unknown" },
        { "\"type\": \"BPE\"", "\"type\": \"WordPiece\"", "'unk_token'" },
        { "\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}", "\"vocab\": []", "'vocab'" },
        { "{\"type\": \"Fuse\"}", "{\"type\": \"Melt\"}", "decoder: the type 'Melt' is unknown" },
        { "{\"type\": \"Fuse\"}", "{\"type\": \"Sequence\"}", "'decoder.decoders'" },
        { "{\"SpecialToken\": {\"id\": \"<s>\", \"type_id\": 0}}", "{\"SpecialToken\": {\"id\": \"<x>\", \"type_id\": 0}}", "not listed" },
        { "\"ids\": [3]", "\"ids\": [4]", "no token has the id 4" },
        { "\"id\": 3,", "\"id\": 5,", "has the id 5" },
        { "\"content\": \"<s>\"", "\"content\": 1", "no content" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_file_is_refused_with_its_reason(string old, string damage, string reason)
    {
        using TemporaryFolder folder = new();
        string path = Write(folder, Small.Replace(old, damage));

        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(path));

        Assert.Contains(reason, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void What_only_the_engine_finds_wrong_is_an_error_too()
    {
        using TemporaryFolder folder = new();
        string path = Write(folder, Small.Replace("\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\p{Nothing}\"}, \"behavior\": \"Isolated\", \"invert\": false}"));
        using TextTokenizer tokenizer = TextTokenizer.Load(path);

        Assert.Contains(path, Assert.Throws<CheckpointFormatException>(() => tokenizer.Encode("a")).Message);
    }

    public static TheoryData<string, string, string> Dangers => new()
    {
        { "pre_tokenizer", Split("(a+)+$x"), "regular expression" },
        { "pre_tokenizer", Split("^(a|a)*$"), "regular expression" },
        { "pre_tokenizer", Split("a*b"), "after an element of any length" },
        { "pre_tokenizer", Split("a+a+"), "after an element of any length" },
        { "pre_tokenizer", Split("a*"), "may match nothing" },
        { "pre_tokenizer", Split("a|"), "may match nothing" },
        { "pre_tokenizer", Split("a{0,64}a{0,64}b"), "too many ways" },
        { "pre_tokenizer", Split("a+?"), "regular expression" },
        { "pre_tokenizer", Split("[a[b]]+"), "regular expression" },
        { "pre_tokenizer", Split("(?i:'s|'t|'re|'ve|'m|'ll|'d)+"), "regular expression" },
        { "pre_tokenizer", Split(@"\\s*[\\r\\n]+|\\s"), "after an element of any length" },
        { "pre_tokenizer", """{"type": "FixedLength", "length": 0}""", "'length'" },
        { "pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "Sequence", "pretokenizers": [{"type": "FixedLength", "length": 0}]}]}""", "pretokenizers[0].pretokenizers[0]" },
        { "pre_tokenizer", """{"type": "Digits", "individual_digits": false, "more": 1}""", "the key 'more' is unknown" },
        { "normalizer", """{"type": "Replace", "pattern": {"String": ""}, "content": "x"}""", "'String'" },
        { "normalizer", """{"type": "Precompiled", "precompiled_charsmap": "AAAA"}""", "'Precompiled'" },
        { "normalizer", Chain(4), "may grow 1E+08 times" },
        { "normalizer", Chain(2), "may grow 1E+04 times" },
        { "decoder", """{"type": "Replace", "pattern": {"String": ""}, "content": "x"}""", "'String'" },
        { "decoder", """{"type": "Strip", "content": "a", "start": 100000, "stop": 100000}""", "'start'" },
        { "decoder", """{"type": "Strip", "content": "a", "start": 1, "stop": 1}""", "'stop'" },
        { "decoder", """{"type": "BPEDecoder", "suffix": ""}""", "'suffix'" },
        { "post_processor", """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B", "type_id": 0}}], "pair": [], "special_tokens": {}}""", "neither a special token nor a text" },
        { "post_processor", """{"type": "BertProcessing", "sep": ["x", 9], "cls": ["a", 0]}""", "'sep'" },
    };

    [Theory]
    [MemberData(nameof(Dangers))]
    public void What_the_engine_would_end_the_process_over_is_refused(string key, string part, string reason)
    {
        using TemporaryFolder folder = new();
        string path = Write(folder, With(key, part));

        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(path));

        Assert.Contains(reason, error.Message);
        Assert.Contains(key, error.Message);
        Assert.Contains(path, error.Message);
    }

    public static TheoryData<string> Patterns =>
    [
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
        @"\p{N}{1,3}",
        "[一-龥぀-ゟ゠-ヿ]+",
        " {2,}",
    ];

    /// <summary>The longest runs that are let through, behind which there is nothing that they could be part of.</summary>
    [Theory]
    [MemberData(nameof(Patterns))]
    public void Patterns_of_models_in_use_are_run_and_end(string pattern)
    {
        using TemporaryFolder folder = new();
        string json = JsonValue.Create(pattern).ToJsonString();
        using TextTokenizer tokenizer = TextTokenizer.Load(Write(folder, With("pre_tokenizer", $$$"""{"type": "Split", "pattern": {"Regex": {{{json}}}}, "behavior": "Isolated", "invert": false}""")));

        Assert.Equal([2, 2], tokenizer.Encode("ab ab", addSpecial: false));
        foreach (char c in " aA'1中")
        {
            Assert.NotNull(tokenizer.Encode(new string(c, 20_000) + "-", addSpecial: false));
        }
    }

    [Fact]
    public void A_run_that_the_engine_would_end_the_process_over_is_refused()
    {
        using TemporaryFolder folder = new();
        using TextTokenizer tokenizer = TextTokenizer.Load(Write(folder, Small));

        Assert.Contains("in a row", Assert.Throws<ArgumentException>(() => tokenizer.Encode(new string(' ', (1 << 22) + 1))).Message);
        Assert.Contains("in a row", Assert.Throws<ArgumentException>(() => tokenizer.Encode("a" + new string('A', (1 << 22) + 1))).Message);
    }

    public static TheoryData<string> Kinds => [.. TokenizerBases.All.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Mutated_files_load_or_are_refused(string kind)
    {
        using TemporaryFolder folder = new();
        TokenizerTarget target = new(folder.Path, kind);
        Assert.True(target.Reads(target.Unchanged()));
        Random random = new(7);
        int read = Enumerable.Range(0, 200).Count(_ => target.Reads(target.Mutated(random)));
        Assert.InRange(read, 20, 180);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_an_error()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("tokenizer.json", Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(folder.Path)).Message);
        Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(folder["nowhere"]));
    }

    private static string Split(string pattern) => "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" + pattern + "\"}, \"behavior\": \"Isolated\", \"invert\": false}";

    private static string Chain(int count) =>
        "{\"type\": \"Sequence\", \"normalizers\": [" + string.Join(", ", Enumerable.Repeat("{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"" + new string('a', 100) + "\"}", count)) + "]}";

    /// <summary>The small file with another part.</summary>
    private static string With(string key, string part)
    {
        JsonNode root = JsonNode.Parse(Small)!;
        root[key] = JsonNode.Parse(part);
        return root.ToJsonString();
    }

    private static string Write(TemporaryFolder folder, string json)
    {
        File.WriteAllText(folder["tokenizer.json"], json);
        return folder["tokenizer.json"];
    }
}
