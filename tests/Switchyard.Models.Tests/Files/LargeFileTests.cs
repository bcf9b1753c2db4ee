using System.Text;
using System.Text.Json.Nodes;
using Switchyard.Kernels.Storage;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Files;

/// <summary>Files and tensors longer than 32-bit numbers can count. They are sparse: most of their zeros take no place on the disk.</summary>
public sealed class LargeFileTests : IDisposable
{
    private const long Big = 5L << 30;
    private const string Angles = "model.rotary_emb.inv_freq"; // left out by every architecture
    private readonly TemporaryFolder _folder = new();

    public LargeFileTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "files of zeros take their whole place there");

    [Fact]
    public unsafe void Tensors_beyond_and_behind_4_GiB_are_read_where_they_are()
    {
        string path = Write("f", new JsonObject { ["big"] = Entry("U8", 0, Big, Big), ["after"] = Entry("F32", Big, Big + 8, 2) }, Big + 8, (Big - 3, [1, 2, 3, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]));
        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.Equal((Big, Big), (file.Entry("big").ByteLength, file.Entry("big").Count));
        Assert.Equal([1, 2, 3], new ReadOnlySpan<byte>((byte*)file.Address("big") + Big - 3, 3).ToArray());
        Assert.Equal([1f, -2f], file.Span<float>("after").ToArray());
        using (Tensor after = file.Load("after"))
        {
            Assert.Equal([1f, -2f], after.data<float>().ToArray());
        }

        byte[] read = new byte[3];
        fixed (byte* at = read)
        {
            file.Read("big", Big - 3, (nint)at, 3);
        }

        Assert.Equal([1, 2, 3], read);
        Assert.Contains("more than a span can hold", Assert.Throws<NotSupportedException>(() => file.Bytes("big")).Message, StringComparison.Ordinal);
        SafetensorsWriter.Write(_folder["rows"], [SafetensorsSource.Of(file, "big", first: Big - 4, count: 4)]);
        using SafetensorsFile rows = SafetensorsFile.Open(_folder["rows"]);
        Assert.Equal([0, 1, 2, 3], rows.Bytes("big").ToArray());
    }

    [Fact]
    public void A_length_that_only_seems_to_fit_once_its_upper_half_is_lost_is_refused()
    {
        string path = _folder.Safetensors($$$"""{"a":{"dtype":"U8","shape":[{{{(1L << 32) + 4}}}],"data_offsets":[0,4]}}""", 4);
        Assert.Contains($"takes {(1L << 32) + 4} bytes", Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100_000L)]
    public void A_model_whose_weights_lie_behind_5_GiB_computes_the_same_bits(long? cache)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        string near = _folder["near"], far = _folder["far"];
        using MoeTransformer made = new(Options);
        made.Save(near);
        Directory.CreateDirectory(far);
        File.Copy(Path.Combine(near, "config.json"), Path.Combine(far, "config.json"));
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(near, "model.safetensors")))
        {
            JsonObject header = new() { [Angles] = Entry("F32", 0, Big, Big / 4) };
            List<(long At, byte[] Bytes)> data = [];
            long at = Big;
            foreach (SafetensorsEntry entry in file.Entries.Values)
            {
                header[entry.Name] = Entry(entry.Type.ToString(), at, at + entry.ByteLength, [.. entry.Shape]);
                data.Add((at, file.Bytes(entry.Name).ToArray()));
                at += entry.ByteLength;
            }

            Write(Path.Combine("far", "model.safetensors"), header, at, [.. data]);
        }

        using MoeTransformer expected = MoeTransformer.Load(near), model = MoeTransformer.Load(far, new ModelLoadOptions { ExpertCacheBytes = cache });
        Tensor tokens = arange(12, ScalarType.Int64).reshape(2, 6);
        Assert.True(model.Run(tokens).Logits.Equals(expected.Run(tokens).Logits));
        Assert.Equal(1, model.Source!.LeftOut.Values.Sum());
    }

    [Fact]
    public void The_last_of_fused_experts_of_more_than_2_GiB_is_read_where_it_is()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        const int experts = 1100, hidden = 512, inner = 1024;
        using (MoeTransformer small = new(Options with { HiddenSize = hidden }))
        {
            small.Save(_folder.Path);
        }

        JsonObject config = (JsonObject)JsonNode.Parse(File.ReadAllText(_folder["config.json"]))!;
        config["num_experts"] = experts;
        config["moe_intermediate_size"] = inner;
        File.WriteAllText(_folder["config.json"], config.ToJsonString());
        JsonObject header = [];
        long end = 0;
        using (SafetensorsFile file = SafetensorsFile.Open(_folder["model.safetensors"]))
        {
            foreach (SafetensorsEntry entry in file.Entries.Values.Where(e => !e.Name.Contains(".experts.", StringComparison.Ordinal)))
            {
                Add(entry.Name, "F32", [.. entry.Name.EndsWith(".gate.weight", StringComparison.Ordinal) ? [experts, hidden] : entry.Shape]);
            }
        }

        Add("model.layers.0.mlp.experts.down_proj", "BF16", experts, hidden, inner);
        Add("model.layers.0.mlp.experts.gate_up_proj", "BF16", experts, 2 * inner, hidden);
        Write("model.safetensors", header, end, (end - 4, [0x80, 0x3F, 0, 0xC0]));

        using MoeTransformer model = MoeTransformer.Load(_folder.Path);
        StoredMatrix last = model.MoeLayers[0].Experts.Stored!.GateUp[^1];
        float[] row = new float[hidden];
        last.WidenRow((2 * inner) - 1, row);
        Assert.Equal([.. new float[hidden - 2], 1f, -2f], row);
        Assert.Equal(0, model.Run(arange(3, ScalarType.Int64).reshape(1, 3)).Logits.abs().max().item<float>());

        void Add(string name, string type, params long[] shape)
        {
            long bytes = shape.Aggregate(type is "F32" ? 4L : 2L, (a, b) => a * b);
            header[name] = Entry(type, end, end += bytes, shape);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static MoeTransformerOptions Options => new() { VocabularySize = 32, HiddenSize = 16, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 16 };

    private static JsonObject Entry(string type, long begin, long end, params long[] shape) =>
        new() { ["dtype"] = type, ["shape"] = new JsonArray([.. shape.Select(n => JsonValue.Create(n))]), ["data_offsets"] = new JsonArray(begin, end) };

    private string Write(string name, JsonObject header, long dataLength, params (long At, byte[] Bytes)[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        string path = _folder[name];
        using FileStream file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        file.SetLength(8 + json.Length + dataLength);
        foreach ((long at, byte[] bytes) in data)
        {
            file.Position = 8 + json.Length + at;
            file.Write(bytes);
        }

        return path;
    }
}
