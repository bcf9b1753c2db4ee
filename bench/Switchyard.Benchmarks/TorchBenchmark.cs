using BenchmarkDotNet.Attributes;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks;

/// <summary>Owns the tensors that a benchmark prepares, and those of each call.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public abstract class TorchBenchmark : IDisposable
{
    private TorchSharp.DisposeScope? _prepared;

    /// <summary>Makes what the calls share; tensors made here live until <see cref="Dispose"/>.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        random.manual_seed(1);
        _prepared = NewDisposeScope();
        Prepare();
    }

    [GlobalCleanup]
    public void Dispose() => _prepared?.Dispose();

    protected abstract void Prepare();

    /// <summary>A call without gradients.</summary>
    protected static void Inference(Action work)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        work();
    }

    /// <summary>A forward pass and the gradients of the sum of its result.</summary>
    protected static void ForwardBackward(Func<Tensor> forward)
    {
        using var scope = NewDisposeScope();
        forward().sum().backward();
    }
}
