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
        string path = Write(folder, Small.Replace("\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\", \"invert\": false}"));
        using TextTokenizer tokenizer = TextTokenizer.Load(path);

        Assert.Contains(path, Assert.Throws<CheckpointFormatException>(() => tokenizer.Encode("a")).Message);
    }

    [Fact]
    public void Mutated_files_load_or_are_refused()
    {
        using TemporaryFolder folder = new();
        TokenizerTarget target = new(folder.Path);
        Random random = new(7);
        int read = Enumerable.Range(0, 200).Count(_ => target.Reads(target.Mutated(random)));
        Assert.InRange(read, 5, 195);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_an_error()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("tokenizer.json", Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(folder.Path)).Message);
        Assert.Throws<CheckpointFormatException>(() => TextTokenizer.Load(folder["nowhere"]));
    }

    private static string Write(TemporaryFolder folder, string json)
    {
        File.WriteAllText(folder["tokenizer.json"], json);
        return folder["tokenizer.json"];
    }
}
