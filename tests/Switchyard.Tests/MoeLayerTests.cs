using Switchyard.Experts;
using Switchyard.Metrics;
using Switchyard.Routing;
using Switchyard.Routing.LatentPrototypes;
using Switchyard.Selection;
using TorchSharp;
using static Switchyard.Tests.TinyLayer;
using static TorchSharp.torch;

namespace Switchyard.Tests;

/// <summary>Equalities that hold of a whole layer, whatever it is made of.</summary>
public sealed class MoeLayerTests
{
    public static TheoryData<string, string> Pairs => TinyLayer.Pairs;

    public static TheoryData<string> BalancerNames => TinyLayer.BalancerNames;

    /// <summary>Sequences of 12 tokens have 24 pairs, a multiple of the experts, so that choices by a pair's place are alike in each.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_batch_of_two_is_two_batches_unless_a_choice_looks_at_the_whole_batch(string router, string selector)
    {
        using var scope = NewDisposeScope();
        using MoeLayer layer = Make(Options(router, selector));
        SelectorEntry entry = Selectors.All.Get(selector);
        Tensor x = randn(2, Sequence, HiddenSize), ids = randint(0, 50, [2, Sequence], ScalarType.Int64), upstream = randn(2, Sequence, HiddenSize);

        layer.eval();
        Assert.Equal(entry.IsCausal, Differs() <= Tolerance);

        // What draws at random in training has no answer that could be repeated.
        layer.train();
        if (Pass(0, 2, null).equal(Pass(0, 2, null)).all().item<bool>())
        {
            Assert.Equal(entry.IsCausalInTraining, Differs() <= Tolerance);
        }

        double Differs()
        {
            Dictionary<string, Tensor> together = [], apart = [];
            Tensor both = Pass(0, 2, together);
            Tensor each = cat([Pass(0, 1, apart), Pass(1, 1, apart)]);
            return Math.Max(Near.RelativeError(both, each), together.Keys.Max(name => Near.RelativeError(together[name], apart[name])));
        }

        Tensor Pass(int first, int count, Dictionary<string, Tensor>? gradients)
        {
            Tensor input = x.narrow(0, first, count);
            Tensor output = layer.Run(input, new RoutingContext { TokenIds = ids.narrow(0, first, count).flatten(), SequenceLength = Sequence }).Output;
            if (gradients is null)
            {
                return output;
            }

            layer.zero_grad();
            (output * upstream.narrow(0, first, count)).sum().backward();
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in layer.named_parameters())
            {
                Tensor gradient = parameter.grad?.clone() ?? zeros_like(parameter);
                gradients[name] = gradients.TryGetValue(name, out Tensor? sum) ? sum + gradient : gradient;
            }

            return output.detach();
        }
    }

    [Theory]
    [MemberData(nameof(BalancerNames))]
    public void In_inference_no_balancer_lets_a_batch_see_another(string balancer)
    {
        using var scope = NewDisposeScope();
        using MoeLayer layer = Make(Options("linear", "softmax-topk") with { Routing = new RoutingRecipe { Balancer = balancer } });
        Exercise(layer);
        layer.eval();
        Tensor x = randn(2, Sequence, HiddenSize);

        Near.AssertClose(layer.Run(x).Output, cat([layer.Run(x[..1]).Output, layer.Run(x[1..]).Output]), Tolerance, balancer);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void One_expert_is_the_dense_ffn(string router, string selector)
    {
        foreach (string executor in Executors.All.Names)
        {
            using var scope = NewDisposeScope();
            MoeLayerOptions options = new()
            {
                HiddenSize = HiddenSize,
                Experts = 1,
                TopK = 1,
                InnerSize = 4,
                ExpertBias = true,
                InitialDeviation = 0.3,
                Routing = new RoutingRecipe { Router = router, Selector = selector },
                Router = new RouterOptions { HiddenSize = 1, Experts = 1, TopK = 1, KeySize = 4, HiddenWidth = 5, LatentPrototypes = new LatentPrototypeOptions { Residual = false } },
                Capacity = "position",
                CapacityFactor = 1,
                Executor = executor,
            };
            using MoeLayer layer = Make(options);
            using DenseFeedForward dense = new(HiddenSize, 4, bias: true);
            using var quiet = no_grad();
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in dense.named_parameters())
            {
                parameter.copy_(layer.Experts.get_parameter(name)![0]);
            }

            Tensor x = randn(3, Sequence, HiddenSize);
            foreach (bool training in (bool[])[true, false])
            {
                layer.train(training);
                Near.AssertClose(layer.Run(x, new RoutingContext { TokenIds = arange(3 * Sequence, ScalarType.Int64) }).Output, dense.forward(x), 1e-5, executor);
            }
        }
    }

    [Fact]
    public void Jitter_multiplies_what_the_router_sees_within_its_range_and_nothing_else()
    {
        const double Jitter = 0.25;
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using MoeLayer layer = Seeing(Jitter);
        Tensor x = randn(500, HiddenSize);
        Seen seen = new();

        layer.Run(x, observer: seen);

        double[] factors = (seen.Scores! / x).flatten().to(ScalarType.Float64).data<double>().ToArray();
        Assert.InRange(factors.Min(), 1 - Jitter - 1e-5, 1 - (0.98 * Jitter));
        Assert.InRange(factors.Max(), 1 + (0.98 * Jitter), 1 + Jitter + 1e-5);
        Assert.Equal(1, factors.Average(), 0.01);
        Assert.True(seen.ExpertInput!.equal(x).all().item<bool>());
    }

    [Fact]
    public void Jitter_is_for_training_alone_and_repeats_with_the_seed()
    {
        using var scope = NewDisposeScope();
        using MoeLayer layer = Seeing(0.25), plain = Seeing(0);
        plain.load_state_dict(layer.state_dict());
        Tensor x = randn(50, HiddenSize);

        Assert.True(Pass(layer, 5).equal(Pass(layer, 5)).all().item<bool>());
        Assert.False(Pass(layer, 5).equal(Pass(layer, 6)).all().item<bool>());
        Assert.True(Pass(plain, 5).equal(Pass(plain, 6)).all().item<bool>());
        layer.eval();
        plain.eval();
        Assert.True(Pass(layer, 5).equal(Pass(plain, 6)).all().item<bool>());

        Tensor Pass(MoeLayer layer, long seed)
        {
            random.manual_seed(seed);
            return layer.Run(x).Output;
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Jitter_that_could_turn_a_token_round_is_refused(double jitter) =>
        Assert.Contains("inputJitter", Assert.Throws<ConfigurationException>(() => Seeing(jitter)).Message, StringComparison.Ordinal);

    /// <summary>Neither tensors nor memory, nor another bit anywhere.</summary>
    [Fact]
    public void Without_a_listener_nothing_is_made_for_it()
    {
        using MoeLayer layer = Make(Options("linear", "softmax-topk"));
        using Tensor x = randn(40, HiddenSize).DetachFromDisposeScope();
        Cost(null);
        Cost(new Deaf());

        (Tensor Output, long Tensors, long Bytes) alone = Cost(null), heard = Cost(new Deaf()), recorded = Cost(new LoadRecorder());

        // What the listener is handed: scores, hidden states and the experts' input, without their graph.
        Assert.Equal(alone.Tensors + 3, heard.Tensors);
        Assert.True(alone.Bytes < heard.Bytes, $"{alone.Bytes} and {heard.Bytes} bytes");
        foreach ((Tensor output, _, _) in ((Tensor, long, long)[])[heard, recorded])
        {
            Assert.True(output.equal(alone.Output).all().item<bool>());
        }

        alone.Output.Dispose();
        heard.Output.Dispose();
        recorded.Output.Dispose();

        (Tensor Output, long Tensors, long Bytes) Cost(IRoutingObserver? observer)
        {
            using var scope = NewDisposeScope();
            (long tensors, long bytes) = (DisposeScopeManager.Statistics.CreatedInScopeCount, GC.GetAllocatedBytesForCurrentThread());
            Tensor output = layer.Run(x, observer: observer).Output;
            (tensors, bytes) = (DisposeScopeManager.Statistics.CreatedInScopeCount - tensors, GC.GetAllocatedBytesForCurrentThread() - bytes);
            return (output.DetachFromDisposeScope(), tensors, bytes);
        }
    }

    /// <summary>A layer that scores experts by the hidden states themselves.</summary>
    private static MoeLayer Seeing(double jitter)
    {
        random.manual_seed(2);
        MoeLayer layer = new(new MoeLayerOptions { HiddenSize = HiddenSize, Experts = HiddenSize, TopK = 2, InnerSize = 4, InitialDeviation = 0.3, InputJitter = jitter });
        using var quiet = no_grad();
        Assert.Single(layer.Router.parameters()).copy_(eye(HiddenSize));
        return layer;
    }

    private sealed class Seen : IRoutingObserver
    {
        public Tensor? Scores { get; private set; }

        public Tensor? ExpertInput { get; private set; }

        public void Observe(RoutingObservation observation) => (Scores, ExpertInput) = (observation.Scores.clone(), observation.ExpertInput!.clone());
    }

    private sealed class Deaf : IRoutingObserver
    {
        public void Observe(RoutingObservation observation)
        {
        }
    }
}
