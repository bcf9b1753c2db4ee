namespace Switchyard.Models.Tests.Architectures;

/// <summary>Whole models on the kernels of other machines.</summary>
public sealed class IntrinsicsOffTests
{
    [Fact]
    public Task Every_architecture_meets_its_reference_without_assembled_code() =>
        ChildTests.AssertPassAsync(typeof(IntrinsicsOffTests), "SWITCHYARD_JIT", "0", typeof(ParityTests).FullName!);
}
