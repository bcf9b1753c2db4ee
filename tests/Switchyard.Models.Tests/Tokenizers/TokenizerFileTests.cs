using System.Text.Json.Nodes;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Tokenizers;

/// <summary>Damaged files are refused with a reason before the native engine sees them.</summary>
public sealed class TokenizerFileTests
{
    private const string Small = """
        {
          "version": "1.0", "truncation": {"max_length": 1, "strategy": "LongestFirst", "stride": 0}, "padding": null,
          "added_tokens": [{"id": 3, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
          "normalizer": null, "pre_tokenizer": null,
          "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
          "decoder": {"type": "Fuse"},
          "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
        }
        """;

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
        string path = Write(folder, Small.Replace("\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\", \"invert\": false}"));
        using TextTokenizer tokenizer = TextTokenizer.Load(path);

        Assert.Contains(path, Assert.Throws<CheckpointFormatException>(() => tokenizer.Encode("a")).Message);
    }

    [Fact]
    public void Mutated_files_load_or_are_refused()
    {
        using TemporaryFolder folder = new();
        Random random = new(7);
        for (int i = 0; i < 200; i++)
        {
            JsonNode root = JsonNode.Parse(Small)!;
            List<JsonNode> nodes = [.. Inner(root)];
            JsonNode victim = nodes[random.Next(nodes.Count)];
            JsonNode? value = random.Next(6) switch { 0 => null, 1 => JsonValue.Create(-1), 2 => JsonValue.Create("x"), 3 => new JsonArray(), 4 => new JsonObject(), _ => JsonValue.Create(1e300) };
            victim.ReplaceWith(value);
            try
            {
                using TextTokenizer tokenizer = TextTokenizer.Load(Write(folder, root.ToJsonString()));
                tokenizer.Decode(tokenizer.Encode("abba <s>"));
                tokenizer.Decode(tokenizer.Encode("ab", addSpecial: false), skipSpecial: false);
            }
            catch (CheckpointFormatException)
            {
                // Refused, as it may be.
            }
        }
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_an_error()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("tokenizer.json", Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(folder.Path)).Message);
        Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(folder["nowhere"]));
    }

    private static IEnumerable<JsonNode> Inner(JsonNode node)
    {
        IEnumerable<JsonNode?> children = node switch { JsonObject o => o.Select(p => p.Value), JsonArray a => a, _ => [] };
        return children.OfType<JsonNode>().SelectMany(c => Inner(c).Prepend(c));
    }

    private static string Write(TemporaryFolder folder, string json)
    {
        File.WriteAllText(folder["tokenizer.json"], json);
        return folder["tokenizer.json"];
    }
}
