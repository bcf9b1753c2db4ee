using Switchyard.Models.Tests.Files;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Tokenizers;

public sealed class ByteTokenizerTests
{
    [Fact]
    public void A_text_is_its_bytes()
    {
        using ByteTokenizer tokenizer = new();
        int[] ids = tokenizer.Encode("Aé");

        Assert.Equal([0x41, 0xC3, 0xA9], ids);
        Assert.Equal("Aé", tokenizer.Decode([.. ids, 0]));
        Assert.Equal("Aé\0", tokenizer.Decode([.. ids, 0], skipSpecial: false));
        Assert.Equal("<0xC3>", tokenizer.TokenOf(0xC3));
        Assert.Equal(0xC3, tokenizer.IdOf("<0xC3>"));
        Assert.Throws<ArgumentException>(() => tokenizer.Decode([256]));
    }

    [Fact]
    public void A_stream_waits_for_whole_code_points()
    {
        using ByteTokenizer tokenizer = new();
        StreamingDecoder stream = tokenizer.Stream();
        string[] pieces = [.. tokenizer.Encode("a🙂b").Select(stream.Add)];

        Assert.Equal(["a", "", "", "", "🙂", "b"], pieces);
        stream.Add(0xF0);
        Assert.Equal("\uFFFD", stream.Finish());
    }

    [Fact]
    public void Only_a_model_of_ours_with_bytes_has_one_without_a_file()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["config.json"], """{"vocab_size": 256, "switchyard": {}}""");
        using TextTokenizer tokenizer = TextTokenizer.Load(folder.Path);
        Assert.IsType<ByteTokenizer>(tokenizer);

        File.WriteAllText(folder["config.json"], """{"vocab_size": 256}""");
        Assert.Throws<Switchyard.Models.Files.CheckpointFormatException>(() => TextTokenizer.Load(folder.Path));
    }
}
