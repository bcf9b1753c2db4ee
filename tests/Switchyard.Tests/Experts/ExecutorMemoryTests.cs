using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed class ExecutorMemoryTests
{
    /// <summary>Tiered compilation and TorchScript take memory in the first hundreds of steps, and then no more.</summary>
    private const int Warm = 1000;

    private const int Iterations = 1000, Tokens = 64, TopK = 2, Experts = 4, HiddenSize = 32;

    /// <summary>What 1000 iterations may add; leaking one matrix of the rows (16 KiB) an iteration would add 16 MiB.</summary>
    private const long Growth = 8 << 20;

    public static TheoryData<string> Names() => [.. Executors.All.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_thousand_training_steps_leave_no_tensor_and_no_memory_behind(string name)
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = Load.Weights(ExpertActivation.SwiGlu, bias: false, Experts, HiddenSize, 16);
        Tensor experts = Load.Experts("uniform", Tokens, TopK, Experts), combine = rand(Tokens, TopK), x = randn(Tokens, HiddenSize);
        LocalDispatcher dispatcher = new();
        ExpertExecutor executor = Executors.All.Get(name).Create();

        Steps(Warm);
        (long tensors, long resident) = State();
        Steps(Iterations);
        (long tensorsAfter, long residentAfter) = State();

        Assert.Equal(tensors, tensorsAfter);
        Assert.InRange(residentAfter - resident, long.MinValue, Growth);

        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var step = NewDisposeScope();
                weights.zero_grad();
                Tensor leaf = x.detach().requires_grad_(true), weight = combine.detach().requires_grad_(true);
                executor.Run(dispatcher.Dispatch(leaf, new Assignment(experts, weight), Experts), weights).sum().backward();
            }
        }
    }

    private static (long Tensors, long Resident) State()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return (Tensor.TotalCount, Environment.WorkingSet);
    }
}
