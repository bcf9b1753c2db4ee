using System.Text;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tests.Files;

/// <summary>The rules of checkpoints in several files, each with a file written out.</summary>
public sealed class CheckpointTensorsTests : IDisposable
{
    private const string Index = "model.safetensors.index.json";
    private readonly TemporaryFolder _folder = new();

    public CheckpointTensorsTests()
    {
        WriteShard("a.safetensors", "x");
        WriteShard("b.safetensors", "y");
    }

    public static TheoryData<string, string> BrokenIndexes => new()
    {
        { """{"weight_map":{"x":"a.safetensors","x":"a.safetensors","y":"b.safetensors"}}""", "tensor 'x': the name appears twice" },
        { """{"weight_map":{"x":"a.safetensors"},"weight_map":{"y":"b.safetensors"}}""", "'weight_map' appears twice" },
        { """{"weight_map":{"x":"","y":"b.safetensors"}}""", "which is empty" },
        { """{"weight_map":{"x":".","y":"b.safetensors"}}""", "which is a folder" },
        { """{"weight_map":{"x":"..","y":"b.safetensors"}}""", "which is a folder" },
        { """{"weight_map":{"x":"../a.safetensors","y":"b.safetensors"}}""", "separator" },
        { """{"weight_map":{"x":"./a.safetensors","y":"b.safetensors"}}""", "separator" },
        { """{"weight_map":{"x":"/etc/a.safetensors","y":"b.safetensors"}}""", "separator" },
        { """{"weight_map":{"x":"sub\\a.safetensors","y":"b.safetensors"}}""", "separator" },
        { """{"weight_map":{"x":"C:a.safetensors","y":"b.safetensors"}}""", "drive" },
        { """{"weight_map":{"x":"a.safetensors\u0000","y":"b.safetensors"}}""", "NUL" },
        { """{"weight_map":{"x":"pytorch_model.bin","y":"b.safetensors"}}""", "no safetensors file" },
        { """{"weight_map":{"x":7,"y":"b.safetensors"}}""", "the file of 'x' is not a string" },
        { """{"weight_map":["a.safetensors"]}""", "'weight_map' is not an object" },
        { """{"metadata":{}}""", "'weight_map' is missing" },
        { """[]""", "the index is not an object" },
        { """{"weight_map":{"x":"a.safetensors"}""", "not valid JSON" },
        { """{"weight_map":{"x":"a.safetensors","y":"b.safetensors"}} more""", "not valid JSON" },
        { """{"weight_map":{"x":"\ud800.safetensors"}}""", "surrogate" },
        { """{"weight_map":{"x":"a.safetensors","y":"c.safetensors"}}""", "c.safetensors" },
        { """{"weight_map":{"x":"a.safetensors","y":"b.safetensors","z":"b.safetensors"}}""", "tensor 'z': it is not in 'b.safetensors'" },
        { """{"weight_map":{"y":"b.safetensors","z":"a.safetensors"}}""", "tensor 'x': the index" },
        { """{"weight_map":{"x":"b.safetensors","y":"b.safetensors"}}""", "tensor 'x': it is not in 'b.safetensors'" },
    };

    [Theory]
    [MemberData(nameof(BrokenIndexes))]
    public void A_broken_index_is_refused_with_the_reason(string index, string reason)
    {
        File.WriteAllText(_folder[Index], index);

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => CheckpointTensors.Open(_folder.Path));

        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_two_files_hold_is_refused()
    {
        WriteShard("b.safetensors", "y", "x");
        File.WriteAllText(_folder[Index], """{"weight_map":{"x":"a.safetensors","y":"b.safetensors"}}""");

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => CheckpointTensors.Open(_folder.Path));

        Assert.Contains("tensor 'x': the index", e.Message, StringComparison.Ordinal);
        Assert.Contains("'a.safetensors'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_of_bytes_that_are_no_text_is_refused()
    {
        File.WriteAllBytes(_folder[Index], [.. "{\"weight_map\":{\"x"u8, 0xFF, .. "\":\"a.safetensors\"}}"u8]);

        Assert.Throws<CheckpointFormatException>(() => CheckpointTensors.Open(_folder.Path));
    }

    [Fact]
    public void A_right_index_is_read_whatever_total_size_it_claims()
    {
        File.WriteAllText(_folder[Index], """{"metadata":{"total_size":-1,"weight_map":{}},"weight_map":{"x":"a.safetensors","y":"b.safetensors"}}""");

        using CheckpointTensors tensors = CheckpointTensors.Open(_folder.Path);

        Assert.Equal(["x", "y"], tensors.Names.Order(StringComparer.Ordinal));
        Assert.Equal(2, tensors.Files.Count);
        Assert.Equal(_folder["b.safetensors"], tensors.FileOf("y").Path);
        Assert.Contains("the nearest name is 'x'", Assert.Throws<CheckpointFormatException>(() => tensors.Entry("xx")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pickle_is_not_opened_but_named()
    {
        string folder = _folder["pickled"];
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), [0x80, 2]);

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => CheckpointTensors.Open(folder));

        Assert.Contains("pytorch_model.bin", e.Message, StringComparison.Ordinal);
        Assert.Contains("convert it", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbered_files_without_an_index_are_read_where_all_are_there()
    {
        Rename("a.safetensors", "model-00001-of-00002.safetensors");
        Rename("b.safetensors", "model-00002-of-00002.safetensors");

        using CheckpointTensors tensors = CheckpointTensors.Open(_folder.Path);

        Assert.Equal(["x", "y"], tensors.Names.Order(StringComparer.Ordinal));
        Assert.Equal(_folder["model-00002-of-00002.safetensors"], tensors.FileOf("y").Path);
    }

    [Theory]
    [InlineData("model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors", "1 are missing: model-00002-of-00003.safetensors")]
    [InlineData("model-00001-of-00002.safetensors", "model-00002-of-00003.safetensors", "parts of 2 and of 3")]
    [InlineData("model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors", "model-00000-of-00002.safetensors")]
    [InlineData("model-00000-of-00000.safetensors", "z.safetensors", "model-00000-of-00000.safetensors")]
    [InlineData("model-1-of-2.safetensors", "model-2-of-2.safetensors", "nor model.safetensors.index.json, but 'model-1-of-2.safetensors'")]
    [InlineData("gptq_model-4bit-128g.safetensors", "other.safetensors", "'gptq_model-4bit-128g.safetensors': rename it")]
    public void Files_without_an_index_that_are_not_whole_are_refused_with_the_reason(string first, string second, string reason)
    {
        Rename("a.safetensors", first);
        Rename("b.safetensors", second);

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => CheckpointTensors.Open(_folder.Path));

        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_in_two_numbered_files_is_refused()
    {
        WriteShard("model-00001-of-00002.safetensors", "x", "y");
        WriteShard("model-00002-of-00002.safetensors", "y");

        CheckpointFormatException e = Assert.Throws<CheckpointFormatException>(() => CheckpointTensors.Open(_folder.Path));

        Assert.Contains("tensor 'y': it is in 'model-00001-of-00002.safetensors' as well", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void Rename(string from, string to) => File.Move(_folder[from], _folder[to]);

    /// <summary>Tensors of one byte each.</summary>
    private void WriteShard(string file, params string[] names)
    {
        string header = "{" + string.Join(',', names.Select((n, i) => $$"""
            "{{n}}":{"dtype":"U8","shape":[1],"data_offsets":[{{i}},{{i + 1}}]}
            """)) + "}";
        File.WriteAllBytes(_folder[file], [.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), .. new byte[names.Length]]);
    }
}
