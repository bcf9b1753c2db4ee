using System.Text;
using System.Text.Json.Nodes;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Fuzz.Targets;

/// <summary>A small <c>tokenizer.json</c> of which one node is another value.</summary>
internal sealed class TokenizerTarget(string folder) : FuzzTarget
{
    /// <summary>The file before it is damaged.</summary>
    public const string Valid = """
        {
          "version": "1.0", "truncation": {"max_length": 1, "strategy": "LongestFirst", "stride": 0}, "padding": null,
          "added_tokens": [{"id": 3, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
          "normalizer": null, "pre_tokenizer": null,
          "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
          "decoder": {"type": "Fuse"},
          "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
        }
        """;

    private readonly string _path = Path.Combine(folder, "tokenizer.json");

    public override byte[] Mutated(Random random)
    {
        JsonNode root = JsonNode.Parse(Valid)!;
        List<JsonNode> nodes = [.. Inner(root)];
        JsonNode victim = nodes[random.Next(nodes.Count)];
        JsonNode? value = random.Next(6) switch { 0 => null, 1 => JsonValue.Create(-1), 2 => JsonValue.Create("x"), 3 => new JsonArray(), 4 => new JsonObject(), _ => JsonValue.Create(1e300) };
        victim.ReplaceWith(value);
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    protected override void Read(byte[] file)
    {
        File.WriteAllBytes(_path, file);
        using TextTokenizer tokenizer = TextTokenizer.Load(_path);
        tokenizer.Decode(tokenizer.Encode("abba <s>"));
        tokenizer.Decode(tokenizer.Encode("ab", addSpecial: false), skipSpecial: false);
    }

    private static IEnumerable<JsonNode> Inner(JsonNode node)
    {
        IEnumerable<JsonNode?> children = node switch { JsonObject o => o.Select(p => p.Value), JsonArray a => a, _ => [] };
        return children.OfType<JsonNode>().SelectMany(c => Inner(c).Prepend(c));
    }
}
