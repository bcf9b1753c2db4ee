using Switchyard.TestSupport;

namespace Switchyard.Kernels.Tests;

/// <summary>Every kernel at every width.</summary>
public sealed class IntrinsicsOffTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512F", "0")]
    [InlineData("DOTNET_EnableAVX512", "0")]
    [InlineData("DOTNET_EnableAVX2", "0")]
    [InlineData("DOTNET_EnableHWIntrinsic", "0")]
    [InlineData("SWITCHYARD_JIT", "0")]
    [InlineData("SWITCHYARD_ISA", "avx2")]
    public Task Everything_passes_with(string variable, string value) => ChildTests.AssertPassAsync(typeof(IntrinsicsOffTests), variable, value);
}
