using Switchyard.Models.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Files;

public sealed class SafetensorsTensorTests
{
    [Fact]
    public void Tensors_of_every_type_and_layout_read_back_equal()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor x = randn([3, 5], generator: new Generator(1));
        (string, Tensor)[] tensors =
        [
            ("f32", x), ("f64", x.to(ScalarType.Float64)), ("f16", x.to(ScalarType.Float16)), ("bf16", x.to(ScalarType.BFloat16)),
            ("i64", (x * 100).to(ScalarType.Int64)), ("i32", (x * 100).to(ScalarType.Int32)), ("i16", (x * 100).to(ScalarType.Int16)), ("i8", (x * 10).to(ScalarType.Int8)),
            ("u8", (x.abs() * 50).to(ScalarType.Byte)), ("bool", x > 0), ("scalar", x.sum()), ("empty", zeros([4, 0])),
            ("transposed", x.t()), ("part", x.narrow(1, 1, 3)), ("parameter", new TorchSharp.Modules.Parameter(x.clone())),
        ];
        SafetensorsWriter.Write(folder["f"], tensors);

        using SafetensorsFile file = SafetensorsFile.Open(folder["f"]);
        foreach ((string name, Tensor expected) in tensors)
        {
            Tensor loaded = file.Load(name);
            Assert.Equal(expected.dtype, loaded.dtype);
            Assert.Equal(expected.shape, loaded.shape);
            Assert.True(loaded.Equals(expected), name);
            Assert.False(loaded.requires_grad);
        }
    }

    [Fact]
    public void A_copy_into_a_parameter_keeps_its_place_and_converts()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor x = randn([4, 2], generator: new Generator(2));
        SafetensorsWriter.Write(folder["f"], [("x", x)]);
        using SafetensorsFile file = SafetensorsFile.Open(folder["f"]);

        var same = new TorchSharp.Modules.Parameter(zeros([4, 2]));
        file.CopyTo("x", same);
        Assert.True(same.Equals(x));
        Assert.True(same.requires_grad);
        Tensor wide = zeros([4, 2], ScalarType.Float64);
        file.CopyTo("x", wide);
        Assert.True(wide.Equals(x.to(ScalarType.Float64)));
        Tensor strided = zeros([2, 4]).t();
        file.CopyTo("x", strided);
        Assert.True(strided.Equals(x));
        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => file.CopyTo("x", zeros([2, 4])));
        Assert.Contains("expects [2, 4]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loading_leaves_no_tensor_behind()
    {
        using var folder = new TemporaryFolder();
        using (var scope = NewDisposeScope())
        {
            SafetensorsWriter.Write(folder["f"], [("x", ones([8, 8]))]);
        }

        using SafetensorsFile file = SafetensorsFile.Open(folder["f"]);
        using (file.Load("x"))
        {
        }

        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 100; i++)
        {
            using Tensor loaded = file.Load("x");
            SafetensorsWriter.Write(folder["g"], [("x", loaded)]);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
