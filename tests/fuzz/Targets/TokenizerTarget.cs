using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Fuzz.Targets;

/// <summary>A small <c>tokenizer.json</c> of which one to three nodes are other values, other parts, doubled or gone; what is read encodes and decodes texts that are hard on it.</summary>
internal sealed class TokenizerTarget(string folder, string kind) : FuzzTarget
{
    /// <summary>The smallest of the files.</summary>
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

    private static readonly string[] Texts =
    [
        "abba <s> [CLS] <|end|><tool>", "aa", new string('a', 40) + "b", new string('a', 2000), new string(' ', 300) + "x", "\r\n\t \0\u0001", new string('\uFDFA', 20), "İ̈ß𝔸👩‍👩‍👧 e\u0301\u0323\u0302",
        "中文 العربية ▁▁ 12345 'S don't", "<0x41><0xFF>", "a b  c   d", "ＦＵＬＬ ｆａ̈ \u200D\uFEFF\uFFFD", " ", string.Empty,
    ];

    private static readonly string[] Values = ["", "a", "x", "▁", "  ", "B", "Isolated", "\0", new string('a', 300), "(a+)+$x", "a*", @"\s+"];
    private static readonly double[] Numbers = [-1, 0, 1, 2, 100000, 2147483647, 4294967296, 1e300, 0.5];
    private readonly string _path = Path.Combine(folder, "tokenizer.json");

    /// <summary>The file before it is damaged.</summary>
    public byte[] Unchanged() => Encoding.UTF8.GetBytes(TokenizerBases.All[kind]().ToJsonString());

    public override byte[] Mutated(Random random)
    {
        JsonNode root = TokenizerBases.All[kind]();
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            // The vocabulary is most of the file, and the least of what can be wrong with it.
            bool anywhere = random.Next(10) == 0;
            JsonNode[] nodes = [.. Inner(root).Where(n => anywhere || (!Within(n, "vocab") && !Within(n, "added_tokens")))];
            Change(nodes[random.Next(nodes.Length)], random);
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    protected override void Read(byte[] file)
    {
        File.WriteAllBytes(_path, file);
        using TextTokenizer tokenizer = TextTokenizer.Load(_path);
        foreach (string text in Texts)
        {
            tokenizer.Decode(tokenizer.Encode(text));
            tokenizer.Decode(tokenizer.Encode(text, addSpecial: false), skipSpecial: false);
        }

        int[] ids = [.. Enumerable.Range(0, Math.Min(tokenizer.VocabularySize, 300)).Where(i => tokenizer.TokenOf(i) is not null)];
        tokenizer.Decode(ids);
        tokenizer.Decode(ids, skipSpecial: false);
    }

    private static void Change(JsonNode victim, Random random)
    {
        switch (random.Next(10))
        {
            case 0 when victim.Parent is JsonObject parent:
                parent.Remove(victim.GetPropertyName());
                break;
            case 1 when victim.Parent is JsonArray list:
                for (int copies = random.Next(1, 6); copies > 0; copies--)
                {
                    list.Insert(random.Next(list.Count + 1), victim.DeepClone());
                }

                break;
            case 2 or 3 or 4 when victim is JsonObject part && part.ContainsKey("type"):
                victim.ReplaceWith(JsonNode.Parse(TokenizerBases.Parts[random.Next(TokenizerBases.Parts.Count)]));
                break;
            case 5 when victim.Parent is JsonArray list:
                list.Insert(random.Next(list.Count + 1), JsonNode.Parse(TokenizerBases.Parts[random.Next(TokenizerBases.Parts.Count)]));
                break;
            case 6:
                victim.ReplaceWith(JsonValue.Create(Numbers[random.Next(Numbers.Length)]));
                break;
            case 7:
                victim.ReplaceWith(JsonValue.Create(Values[random.Next(Values.Length)]));
                break;
            case 8:
                JsonNode? other = random.Next(4) switch { 0 => null, 1 => new JsonArray(), 2 => new JsonObject(), _ => JsonValue.Create(random.Next(2) == 0) };
                victim.ReplaceWith(other);
                break;
            default:
                // Of the kind that it has, so that the file stays one that is read more often than not.
                Alike(victim, random);
                break;
        }
    }

    private static void Alike(JsonNode victim, Random random)
    {
        JsonNode? value = victim.GetValueKind() switch
        {
            JsonValueKind.True or JsonValueKind.False => JsonValue.Create(random.Next(2) == 0),
            JsonValueKind.Number => JsonValue.Create(random.Next(3)),
            JsonValueKind.String when victim.Parent is JsonObject && victim.GetPropertyName() is not "type" => JsonValue.Create(Values[random.Next(Values.Length)]),
            _ => victim.DeepClone(),
        };
        victim.ReplaceWith(value);
    }

    private static bool Within(JsonNode node, string key)
    {
        for (JsonNode? at = node; at?.Parent is not null; at = at.Parent)
        {
            if (at.Parent is JsonObject && at.GetPropertyName() == key)
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<JsonNode> Inner(JsonNode node)
    {
        IEnumerable<JsonNode?> children = node switch { JsonObject o => o.Select(p => p.Value), JsonArray a => a, _ => [] };
        return children.OfType<JsonNode>().SelectMany(c => Inner(c).Prepend(c));
    }
}
