using BenchmarkDotNet.Attributes;
using Switchyard.Routing;
using static TorchSharp.torch;

namespace Switchyard.Benchmarks.Routing;

/// <summary>A router of hidden size 1024 and 128 experts, top-8.</summary>
public abstract class RouterBenchmark : TorchBenchmark
{
    private const int VocabularySize = 256;

    [Params(1, 1024)]
    public int Tokens { get; set; }

    protected Router Router { get; private set; } = null!;

    protected Tensor X { get; private set; } = null!;

    protected RoutingContext Context { get; private set; } = null!;

    protected abstract string Name { get; }

    protected override void Prepare()
    {
        Router = Routers.All.Get(Name).Create(new RouterOptions { HiddenSize = 1024, Experts = 128, TopK = 8, VocabularySize = VocabularySize });
        X = randn(Tokens, Router.Options.HiddenSize);
        Context = new RoutingContext { TokenIds = randint(0, VocabularySize, [Tokens], ScalarType.Int64), SequenceLength = Tokens };
    }
}
