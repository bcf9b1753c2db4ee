using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tests.Files;

public sealed class SafetensorsFileTests
{
    private const string Pair = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";

    [Fact]
    public void A_file_of_byte_literals_reads_as_it_says()
    {
        using var folder = new TemporaryFolder();
        byte[] header = Encoding.UTF8.GetBytes("""{"__metadata__":{"k":"2"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"c":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""");
        string path = folder.Write([.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 1, 2, 255]);

        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.Equal("2", file.Metadata["k"]);
        Assert.Equal(["c", "w"], file.Entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([1L, 2L], file.Entry("w").Shape);
        Assert.Equal(SafetensorsType.F32, file.Entry("w").Type);
        Assert.Equal(2, file.Entry("w").Count);
        Assert.Equal([1f, -2f], file.Span<float>("w").ToArray());
        Assert.Equal([1, 2, 255], file.Bytes("c").ToArray());
        Assert.Equal(8 + header.Length + 8, file.Entry("c").Offset);
    }

    [Fact]
    public unsafe void Parts_of_a_tensor_are_read_by_position_and_a_file_that_was_cut_is_told()
    {
        using var folder = new TemporaryFolder();
        byte[] header = Encoding.UTF8.GetBytes(Pair);
        string path = folder.Write([.. BitConverter.GetBytes((long)header.Length), .. header, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        byte[] target = new byte[6];
        fixed (byte* at = target)
        {
            nint address = (nint)at;
            file.Read("a", 3, address, 5);
            Assert.Equal([4, 5, 6, 7, 8, 0], target);
            file.Read("b", 0, address, 0);
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Read("b", 1, address, 3));
            using (FileStream cut = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                cut.SetLength(cut.Length - 1);
            }

            Assert.Contains("cut", Assert.Throws<CheckpointFormatException>(() => file.Read("b", 0, address, 3)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Elements_of_another_size_are_refused()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors(Pair, 11));
        Assert.Throws<ArgumentException>(() => file.Span<double>("a").Length);
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_nearest()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors("""{"model.norm.weight":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1));
        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => file.Entry("model.nrm.weight"));
        Assert.Equal("model.nrm.weight", error.Tensor);
        Assert.Contains("'model.norm.weight'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_closed_file_gives_no_memory()
    {
        using var folder = new TemporaryFolder();
        SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors(Pair, 11));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Address("a"));
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_io_errors()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsAny<IOException>(() => SafetensorsFile.Open(folder["absent"]));
        Assert.ThrowsAny<IOException>(() => SafetensorsFile.Open(folder.Path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_file_has_at_least_eight_bytes(int length)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Write(new byte[length]), "at least 8");
    }

    [Theory]
    [InlineData(100_000_001)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    public void A_header_is_at_most_a_hundred_million_bytes_long(long stated)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors("{}", 0, stated), "100000000");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(99_999_999)]
    public void A_header_lies_within_the_file(long stated)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors("{}", 0, stated), "cut off");
    }

    [Fact]
    public void A_claim_allocates_nothing_before_it_is_compared_with_the_file()
    {
        using var folder = new TemporaryFolder();
        string header = folder.Safetensors("{}", 0, 99_999_999);
        Assert.InRange(Allocated(header), 0, 100_000);
        string shape = folder.Safetensors("""{"a":{"dtype":"F64","shape":[100000000,10000000],"data_offsets":[0,8000000000000000]}}""", 8);
        Assert.InRange(Allocated(shape), 0, 100_000);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static long Allocated(string path)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(path));
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Theory]
    [InlineData(new byte[] { (byte)'P', (byte)'K', 3, 4, 20, 0, 8, 8, 0, 0 })]
    [InlineData(new byte[] { 0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20 })]
    public void A_pickle_is_recognised_and_the_error_says_to_convert(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Write(bytes), "convert it to safetensors");
    }

    [Fact]
    public void A_header_is_strict_utf8()
    {
        using var folder = new TemporaryFolder();
        byte[] overlong = [(byte)'{', (byte)'"', 0xC0, 0xAF, (byte)'"', (byte)':', (byte)'1', (byte)'}'];
        Refused(folder.Safetensors(overlong), "UTF-8");
        byte[] surrogate = Encoding.Latin1.GetBytes("{\"\u00ED\u00A0\u0080\":1}");
        Refused(folder.Safetensors(surrogate), "UTF-8");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}x")]
    [InlineData("{}{}")]
    [InlineData("{,}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},}")]
    [InlineData("{/*c*/}")]
    [InlineData("{\"__metadata__\":{\"a\":\"\\x\"}}")]
    [InlineData("{\"__metadata__\":{\"a\":\"\n\"}}")]
    [InlineData("\0{}")]
    public void A_header_is_strict_json(string header)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors(header), "JSON");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("\"a\"")]
    public void A_header_is_an_object(string header)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors(header), "expected an object");
    }

    [Fact]
    public void White_space_around_the_header_is_accepted()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors(" \n\t" + Pair + "     ", 11));
        Assert.Equal(2, file.Entries.Count);
    }

    [Fact]
    public void A_file_without_tensors_is_a_file()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors("{}"));
        Assert.Empty(file.Entries);
        Assert.Empty(file.Metadata);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""")]
    [InlineData("""{"__metadata__":{"x":"1","x":"2"}}""")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"shape":[],"data_offsets":[0,1]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"data_offsets":[0,1]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1,"x":1}}""")]
    public void Keys_appear_once(string header)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors(header, 1), "twice");
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}}""", 9, "hole of 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, "hole of 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}""", 7, "overlap 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4, "overlap 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}""", 4, "overlap 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 5, "belong to none")]
    [InlineData("{}", 1, "belong to none")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 3, "do not lie within")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}""", 4, "do not lie within")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}""", 4, "do not lie within")]
    public void Data_have_no_hole_and_no_overlap_and_end_with_the_file(string header, int dataLength, string reason)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors(header, dataLength), reason);
    }

    [Fact]
    public void Order_in_the_header_is_free()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors("""{"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]},"z":{"dtype":"F64","shape":[2,0],"data_offsets":[8,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 11));
        Assert.Equal(3, file.Entries.Count);
        Assert.Equal(0, file.Bytes("z").Length);
    }

    [Theory]
    [InlineData("[4294967296,4294967296]")]
    [InlineData("[9223372036854775807]")]
    [InlineData("[9223372036854775807,9223372036854775807,9223372036854775807]")]
    [InlineData("[2,4611686018427387904,2]")]
    public void Products_of_shapes_do_not_wrap(string shape)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors($$$"""{"a":{"dtype":"F32","shape":{{{shape}}},"data_offsets":[0,0]}}"""), "64 bits");
    }

    [Theory]
    [InlineData("F32", "[3]", 8)]
    [InlineData("F32", "[]", 8)]
    [InlineData("I16", "[2,2]", 4)]
    [InlineData("BOOL", "[0]", 1)]
    public void The_size_is_the_product_of_the_shape_and_the_element(string type, string shape, int length)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors($$$"""{"a":{"dtype":"{{{type}}}","shape":{{{shape}}},"data_offsets":[0,{{{length}}}]}}""", length), "takes");
    }

    [Theory]
    [InlineData("[]", 4)]
    [InlineData("[0]", 0)]
    [InlineData("[3,0,9223372036854775807,9223372036854775807]", 0)]
    public void Scalars_and_tensors_without_elements_are_fine(string shape, int length)
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors($$$"""{"a":{"dtype":"F32","shape":{{{shape}}},"data_offsets":[0,{{{length}}}]}}""", length));
        Assert.Equal(length / 4, file.Entry("a").Count);
    }

    [Theory]
    [InlineData("""{"__metadata__":{"a":1}}""")]
    [InlineData("""{"__metadata__":{"a":null}}""")]
    [InlineData("""{"__metadata__":{"a":{"b":"c"}}}""")]
    [InlineData("""{"__metadata__":[]}""")]
    [InlineData("""{"__metadata__":null}""")]
    public void Metadata_are_strings_by_string(string header)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors(header), "__metadata__");
    }

    [Theory]
    [InlineData("F8_E8M0")]
    [InlineData("f32")]
    [InlineData("0")]
    [InlineData("F32,F16")]
    [InlineData("")]
    public void An_unknown_dtype_is_an_error(string type)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors($$$"""{"a":{"dtype":"{{{type}}}","shape":[],"data_offsets":[0,1]}}""", 1), "dtype is");
    }

    [Fact]
    public void Every_dtype_has_its_element_size()
    {
        using var folder = new TemporaryFolder();
        (string Name, int Size)[] types = [("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("F8_E4M3", 1), ("F8_E5M2", 1), ("I64", 8), ("I32", 4), ("I16", 2), ("I8", 1), ("U8", 1), ("BOOL", 1)];
        Assert.Equal(Enum.GetNames<SafetensorsType>(), types.Select(t => t.Name));
        foreach ((string name, int size) in types)
        {
            using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors($$$"""{"a":{"dtype":"{{{name}}}","shape":[3],"data_offsets":[0,{{{3 * size}}}]}}""", 3 * size));
            Assert.Equal(3, file.Entry("a").Count);
            Assert.Equal(name, file.Entry("a").Type.ToString());
        }
    }

    [Theory]
    [InlineData("""{"a":{"shape":[],"data_offsets":[0,1]}}""", "no 'dtype'")]
    [InlineData("""{"a":{"dtype":"U8","data_offsets":[0,1]}}""", "no 'shape'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[]}}""", "no 'data_offsets'")]
    [InlineData("""{"a":1}""", "expected an object")]
    [InlineData("""{"a":{"dtype":1,"shape":[],"data_offsets":[0,1]}}""", "expected a string")]
    [InlineData("""{"a":{"dtype":"U8","shape":{},"data_offsets":[0,1]}}""", "expected an array")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}""", "1 numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1,2]}}""", "more than 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,18446744073709551617]}}""", "whole numbers")]
    public void An_entry_has_dtype_shape_and_offsets_of_the_right_kind(string header, string reason)
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors(header, 1), reason);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_not_a_name()
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Safetensors("""{"\ud800":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1), "surrogate");
        Refused(folder.Safetensors("""{"__metadata__":{"a":"\udc00"}}"""), "surrogate");
    }

    [Fact]
    public void Depth_rank_and_length_of_names_are_bounded()
    {
        using var folder = new TemporaryFolder();
        string deep = new string('[', 100_000) + new string(']', 100_000);
        Refused(folder.Safetensors($$$"""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":{{{deep}}}}}""", 1), "JSON");
        string rank = string.Join(',', Enumerable.Repeat(1, 65));
        Refused(folder.Safetensors($$$"""{"a":{"dtype":"U8","shape":[{{{rank}}}],"data_offsets":[0,1]}}""", 1), "more than 64");
        Refused(folder.Safetensors($$$"""{"{{{new string('n', 4097)}}}":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1), "longer than 4096");
    }

    [Fact]
    public void The_number_of_tensors_is_bounded()
    {
        using var folder = new TemporaryFolder();
        var header = new StringBuilder("{");
        for (int i = 0; i <= 1 << 18; i++)
        {
            header.Append(i == 0 ? "" : ",").Append('"').Append(i.ToString(CultureInfo.InvariantCulture)).Append('"').Append(""":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}""");
        }

        Refused(folder.Safetensors(header.Append('}').ToString()), "more than 262144 tensors");
    }

    [Fact]
    public void A_key_that_is_not_known_is_passed_over()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile file = SafetensorsFile.Open(folder.Safetensors("""{"a":{"x":{"y":[1,2]},"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1));
        Assert.Equal(1, file.Entry("a").Count);
    }

    private static void Refused(string path, string reason)
    {
        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => SafetensorsFile.Open(path).Dispose());
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(path, error.File);
        Assert.StartsWith($"'{path}'", error.Message, StringComparison.Ordinal);
    }
}
