using System.IO.Compression;
using System.Text.Json;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Tokenizers;

/// <summary>Real vocabularies, and what Hugging Face's tokenizers make of thousands of texts.</summary>
public sealed class TokenizerGoldenTests
{
    public static TheoryData<string> Folders => [.. Golden.Folders("tokenizers").DefaultIfEmpty(string.Empty)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_recorded_text_gives_its_ids_and_every_list_of_ids_its_text(string folder)
    {
        using TextTokenizer tokenizer = Open(folder, out IReadOnlyList<JsonElement> cases);
        List<string> wrong = [];
        foreach (JsonElement recorded in cases)
        {
            if (recorded.TryGetProperty("text", out JsonElement element))
            {
                string text = element.GetString()!;
                int[] ids = Ids(recorded, "ids");
                Check(ids.SequenceEqual(tokenizer.Encode(text, addSpecial: false)), $"ids of {element}");
                Check((recorded.TryGetProperty("ids_with_special", out _) ? Ids(recorded, "ids_with_special") : ids).SequenceEqual(tokenizer.Encode(text)), $"ids with special of {element}");
                Check(tokenizer.Decode(ids, skipSpecial: false) == recorded.GetProperty("decoded").GetString(), $"text of the ids of {element}");
            }
            else
            {
                int[] ids = Ids(recorded, "decode_ids");
                Check(tokenizer.Decode(ids, skipSpecial: false) == recorded.GetProperty("decoded").GetString(), $"text of {recorded}");
                Check(tokenizer.Decode(ids) == recorded.GetProperty("decoded_skip_special").GetString(), $"text without special tokens of {recorded}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {cases.Count} differ, the first: {wrong.FirstOrDefault()}");

        void Check(bool equal, string what)
        {
            if (!equal)
            {
                wrong.Add(what);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_stream_of_ids_gives_the_text_of_all_of_them_without_half_code_points(string folder)
    {
        using TextTokenizer tokenizer = Open(folder, out IReadOnlyList<JsonElement> cases);
        foreach (JsonElement recorded in cases.Where(c => c.TryGetProperty("text", out _)).Where((_, i) => i % 10 == 0))
        {
            int[] ids = Ids(recorded, "ids");
            string whole = tokenizer.Decode(ids, skipSpecial: false);
            StreamingDecoder stream = tokenizer.Stream(skipSpecial: false);
            string pieces = string.Empty;
            foreach (int id in ids)
            {
                string piece = stream.Add(id);
                Assert.False(piece.Length > 0 && (char.IsHighSurrogate(piece[^1]) || piece[^1] == '\uFFFD'), $"{recorded} gave '{piece}'");
                pieces += piece;
            }

            Assert.Equal(whole, pieces + stream.Finish());
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_id_has_a_token_that_has_the_id(string folder)
    {
        using TextTokenizer tokenizer = Open(folder, out _);
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            Assert.Equal(id, tokenizer.IdOf(tokenizer.TokenOf(id)!));
        }

        Assert.Null(tokenizer.TokenOf(tokenizer.VocabularySize));
        Assert.Null(tokenizer.TokenOf(-1));
        Assert.Throws<ArgumentException>(() => tokenizer.Decode([tokenizer.VocabularySize]));
        Assert.Throws<ArgumentException>(() => tokenizer.Encode("a\uD800b"));
    }

    [Fact]
    public void The_special_tokens_are_those_of_the_configuration()
    {
        string? folder = Golden.Folder("tokenizers/deepseek_v3");
        Assert.SkipWhen(folder is null, "no reference tokenizers found");
        using TextTokenizer tokenizer = TextTokenizer.Load(folder);

        Assert.Equal(tokenizer.IdOf("<｜begin▁of▁sentence｜>"), tokenizer.BeginId);
        Assert.Equal(tokenizer.IdOf("<｜end▁of▁sentence｜>"), tokenizer.EndId);
        Assert.Equal(tokenizer.EndId, tokenizer.PadId);
        Assert.True(tokenizer.IsSpecial(tokenizer.EndId!.Value));
        Assert.False(tokenizer.IsSpecial(100));
        Assert.NotNull(tokenizer.ChatTemplate);
    }

    private static TextTokenizer Open(string folder, out IReadOnlyList<JsonElement> cases)
    {
        Assert.SkipWhen(folder.Length == 0, "no reference tokenizers found");
        string path = Golden.Folder(folder)!;
        using StreamReader reader = new(new GZipStream(File.OpenRead(Path.Combine(path, "cases.jsonl.gz")), CompressionMode.Decompress));
        List<JsonElement> read = [];
        while (reader.ReadLine() is { } line)
        {
            read.Add(JsonSerializer.Deserialize<JsonElement>(line));
        }

        cases = read;
        return TextTokenizer.Load(path);
    }

    private static int[] Ids(JsonElement recorded, string key) => [.. recorded.GetProperty(key).EnumerateArray().Select(e => e.GetInt32())];
}
