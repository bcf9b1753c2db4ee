using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Files;

public sealed class SafetensorsGoldenTests
{
    [Fact]
    public void Files_written_by_others_are_accepted_and_loaded_tensors_have_their_bytes()
    {
        string? some = Golden.Folder("routers");
        Assert.SkipWhen(some is null, "no reference numbers found");
        string[] paths = Directory.GetFiles(Path.GetDirectoryName(some)!, "*.safetensors", SearchOption.AllDirectories);
        foreach (string path in paths)
        {
            using var scope = NewDisposeScope();
            using SafetensorsFile file = SafetensorsFile.Open(path);
            GoldenFile golden = GoldenFile.Read(path);
            Assert.Equal(golden.Names.Order(StringComparer.Ordinal), file.Entries.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(golden.Metadata.OrderBy(m => m.Key), file.Metadata.OrderBy(m => m.Key));
            foreach (SafetensorsEntry entry in file.Entries.Values.Where(e => e.ByteLength is > 0 and < 1 << 16))
            {
                Tensor loaded = file.Load(entry.Name);
                Assert.Equal(entry.Shape, loaded.shape);
                Assert.True(loaded.bytes.SequenceEqual(file.Bytes(entry.Name)), $"{path}: {entry.Name}");
            }
        }
    }
}
