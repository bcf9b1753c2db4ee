using System.Text.Json.Nodes;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Masking;

/// <summary>The reference BERT with a vocabulary of letters, and the same with experts.</summary>
internal static class TinyEncoder
{
    public const int Classification = 2, Separator = 3, Mask = 4;
    private static readonly string[] Special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>Writes the dense model, or skips the test.</summary>
    public static void SaveDense(string folder)
    {
        string? golden = Golden.Folder("models/bert");
        Assert.SkipWhen(golden is null, "no reference models found");
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(golden, name), Path.Combine(folder, name));
        }

        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Tokenizer().ToJsonString());
    }

    /// <summary>Writes the dense model without its head, as a sentence encoder is.</summary>
    public static void SaveHeadless(string folder)
    {
        const string Prefix = "bert.";
        SaveDense(folder);
        string config = Path.Combine(folder, "config.json"), weights = Path.Combine(folder, "model.safetensors");
        File.WriteAllText(config, File.ReadAllText(config).Replace("BertForMaskedLM", "BertModel", StringComparison.Ordinal));
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Golden.Folder("models/bert")!, "model.safetensors"));
        SafetensorsWriter.Write(weights, file.Entries.Keys.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => (n[Prefix.Length..], file.Load(n))));
    }

    /// <summary>Writes the dense model and, beside it, one with experts.</summary>
    public static void SaveSparse(string folder, int experts = 4, int topK = 2)
    {
        SaveDense(folder + "-dense");
        CheckpointUpcycler.Write(folder + "-dense", folder, new UpcycleOptions { Experts = experts, TopK = topK, Noise = 0.5 }, TestContext.Current.CancellationToken);
    }

    private static JsonObject Tokenizer()
    {
        JsonObject vocabulary = [];
        string[] letters = [.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())];
        foreach (string token in (string[])[.. Special, .. letters, .. letters.Select(l => "##" + l), ".", ","])
        {
            vocabulary[token] = vocabulary.Count;
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. Special.Select((token, id) => new JsonObject { ["id"] = id, ["content"] = token, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true })]),
            ["normalizer"] = JsonNode.Parse("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}"""),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"BertPreTokenizer"}"""),
            ["post_processor"] = JsonNode.Parse("""
                {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
                "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
                "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}}
                """),
            ["decoder"] = JsonNode.Parse("""{"type":"WordPiece","prefix":"##","cleanup":true}"""),
            ["model"] = new JsonObject { ["type"] = "WordPiece", ["unk_token"] = "[UNK]", ["continuing_subword_prefix"] = "##", ["max_input_chars_per_word"] = 100, ["vocab"] = vocabulary },
        };
    }
}
