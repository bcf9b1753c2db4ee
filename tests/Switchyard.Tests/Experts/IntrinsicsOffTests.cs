using Switchyard.Tests.Dense;

namespace Switchyard.Tests.Experts;

/// <summary>Executors and dense operations on the kernels of other machines.</summary>
public sealed class IntrinsicsOffTests
{
    [Fact]
    public Task Executors_agree_and_differentiate_without_assembled_code() => ChildTests.AssertPassAsync(
        typeof(IntrinsicsOffTests), "SWITCHYARD_JIT", "0", Name<ExecutorAgreementTests>(), Name<ExecutorGradientTests>(), Name<ExecutorEqualityTests>(), Name<StoredExpertsTests>(), Name<DenseGradientTests>(), Name<DenseOperationsTests>());

    [Fact]
    public Task Executors_and_dense_operations_differentiate_without_any_vector_instruction() => ChildTests.AssertPassAsync(
        typeof(IntrinsicsOffTests), "DOTNET_EnableHWIntrinsic", "0", Name<ExecutorGradientTests>(), Name<StoredExpertsTests>(), Name<DenseGradientTests>(), Name<DenseOperationsTests>());

    private static string Name<TClass>() => typeof(TClass).FullName!;
}
