using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tests.Files;

public sealed class SafetensorsWriterTests
{
    [Fact]
    public void What_is_written_reads_back_equal()
    {
        using var folder = new TemporaryFolder();
        Gen<(string, SafetensorsType, long[])> tensor = Gen.Select(Gen.String[Gen.Char["abc.é\"\\\n😀"[0..5]], 1, 12], Gen.Enum<SafetensorsType>(), Gen.Long[0, 4].Array[0, 4]);
        tensor.Array[0, 8].Sample(
            tensors =>
            {
                (string Name, SafetensorsType Type, long[] Shape)[] distinct = [.. tensors.DistinctBy(t => t.Item1)];
                Dictionary<string, byte[]> data = distinct.ToDictionary(t => t.Name, t => Bytes(t.Name, t.Shape.Aggregate((long)t.Type.ElementSize, (a, b) => a * b)));
                string path = folder["round.safetensors"];
                SafetensorsWriter.Write(path, distinct.Select(t => new SafetensorsSource(t.Name, t.Type, t.Shape, s => s.Write(data[t.Name]))), new Dictionary<string, string> { ["format"] = "pt", ["é\n"] = "\"" });

                using SafetensorsFile file = SafetensorsFile.Open(path);
                Assert.Equal(distinct.Length, file.Entries.Count);
                Assert.Equal("pt", file.Metadata["format"]);
                Assert.Equal("\"", file.Metadata["é\n"]);
                foreach ((string name, SafetensorsType type, long[] shape) in distinct)
                {
                    Assert.Equal(type, file.Entry(name).Type);
                    Assert.Equal(shape, file.Entry(name).Shape);
                    Assert.Equal(data[name], file.Bytes(name).ToArray());
                    Assert.Equal(0, file.Entry(name).Offset % type.ElementSize);
                }
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void The_bytes_depend_on_the_content_alone()
    {
        using var folder = new TemporaryFolder();
        SafetensorsSource[] sources = [Source("b", SafetensorsType.U8, 3), Source("a", SafetensorsType.F32, 2), Source("c", SafetensorsType.F64, 1)];
        SafetensorsWriter.Write(folder["one"], sources, new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" });
        SafetensorsWriter.Write(folder["two"], sources.Reverse(), new Dictionary<string, string> { ["y"] = "2", ["x"] = "1" });
        Assert.Equal(File.ReadAllBytes(folder["one"]), File.ReadAllBytes(folder["two"]));
    }

    [Fact]
    public void The_header_is_what_others_expect()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder["f"], [Source("w", SafetensorsType.BF16, 2, 3)]);
        byte[] bytes = File.ReadAllBytes(folder["f"]);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal("""{"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}""", Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' '));
        Assert.Equal(8 + length + 12, bytes.Length);
    }

    [Fact]
    public void Names_are_given_once_and_are_not_reserved()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [Source("a", SafetensorsType.U8, 1), Source("a", SafetensorsType.F32, 1)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [Source("__metadata__", SafetensorsType.U8, 1)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [Source("\uD800", SafetensorsType.U8, 1)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [new SafetensorsSource("a", SafetensorsType.U8, [-1], _ => { })]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_source_that_writes_another_length_is_caught_and_nothing_is_left(int written)
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [new SafetensorsSource("a", SafetensorsType.F32, [1], s => s.Write(new byte[written]))]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_disk_that_cannot_hold_the_file_is_an_io_error_and_the_old_file_stays()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder["f"], [Source("a", SafetensorsType.U8, 3)]);
        byte[] before = File.ReadAllBytes(folder["f"]);

        IOException full = Assert.ThrowsAny<IOException>(() => SafetensorsWriter.Write(folder["f"], [new SafetensorsSource("a", SafetensorsType.U8, [1L << 60], _ => throw new InvalidOperationException("written in spite of the size"))]));
        Assert.Contains(folder["f"], full.Message, StringComparison.Ordinal);
        IOException late = Assert.ThrowsAny<IOException>(() => SafetensorsWriter.Write(folder["f"], [new SafetensorsSource("a", SafetensorsType.U8, [1], _ => throw new IOException("No space left on device"))]));
        Assert.Contains("No space left", late.Message, StringComparison.Ordinal);

        Assert.Equal(before, File.ReadAllBytes(folder["f"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_missing_folder_is_made_and_a_file_in_the_place_of_one_is_an_io_error()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder["new/deep/f"], [Source("a", SafetensorsType.U8, 1)]);
        Assert.True(File.Exists(folder["new/deep/f"]));
        File.WriteAllText(folder["plain"], "");
        Assert.ThrowsAny<IOException>(() => SafetensorsWriter.Write(folder["plain/f"], [Source("a", SafetensorsType.U8, 1)]));
        Directory.CreateDirectory(folder["taken"]);
        Assert.ThrowsAny<IOException>(() => SafetensorsWriter.Write(folder["taken"], [Source("a", SafetensorsType.U8, 1)]));
        Assert.Equal(3, Directory.EnumerateFileSystemEntries(folder.Path).Count());
    }

    [Fact]
    public void A_reader_keeps_the_file_that_it_opened()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder["f"], [Source("a", SafetensorsType.U8, 3)]);
        using SafetensorsFile file = SafetensorsFile.Open(folder["f"]);
        byte[] before = file.Bytes("a").ToArray();
        SafetensorsWriter.Write(folder["f"], [new SafetensorsSource("a", SafetensorsType.U8, [1], s => s.WriteByte(99))]);
        Assert.Equal(before, file.Bytes("a").ToArray());
    }

    private static SafetensorsSource Source(string name, SafetensorsType type, params long[] shape) =>
        new(name, type, shape, s => s.Write(Bytes(name, shape.Aggregate((long)type.ElementSize, (a, b) => a * b))));

    private static byte[] Bytes(string name, long length)
    {
        byte[] bytes = new byte[length];
        new Random(name.Sum(c => c)).NextBytes(bytes);
        return bytes;
    }
}
