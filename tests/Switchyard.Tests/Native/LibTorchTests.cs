using static TorchSharp.torch;

namespace Switchyard.Native;

public sealed class LibTorchTests
{
    [Fact]
    public void Torch_computes()
    {
        LibTorch.EnsureLoadable();
        using var scope = NewDisposeScope();
        Assert.Equal(2f, ones(2).sum().item<float>());
    }
}
