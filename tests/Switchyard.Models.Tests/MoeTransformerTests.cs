using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests;

public sealed class MoeTransformerTests
{
    private const int Tokens = 12;

    /// <summary>Every router with every selector that it goes with.</summary>
    public static TheoryData<string, string> Pairs()
    {
        TheoryData<string, string> data = [];
        foreach (string router in Routers.All.Names)
        {
            foreach (string selector in Selectors.All.Names.Where(s => RoutingCompatibility.Reason(router, s, "none") is null))
            {
                data.Add(router, selector);
            }
        }

        return data;
    }

    /// <summary>A layer lets go of what lies between: what stays is its hidden states, its output, its loss and the sum of losses so far, and what the graph holds by itself.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Few_tensors_of_a_layer_are_alive_behind_it(bool training)
    {
        long[] alive = [.. ((int[])[2, 6]).Select(layers => Alive(layers, training))];

        Assert.InRange((alive[1] - alive[0]) / 4.0, 1, 4);
    }

    private static long Alive(int layers, bool training)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(training);
        using MoeTransformer model = new(new MoeTransformerOptions
        {
            VocabularySize = 20,
            HiddenSize = 16,
            Layers = layers,
            Heads = 2,
            KeyValueHeads = 2,
            HeadSize = 8,
            SequenceLength = 16,
            Moe = new MoeLayerOptions { HiddenSize = 16, Experts = 4, TopK = 2, InnerSize = 8, Routing = RoutingRecipe.Parse("linear+switch") },
        });
        model.train(training);
        Tensor tokens = randint(0, 20, [2, 16], ScalarType.Int64);
        model.Run(tokens);
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        model.Run(tokens);
        return TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
    }

    /// <summary>In inference, where a selector that is not causal says so, and shows it. Sequences have as many pairs as experts, or a multiple of it, so that choices by a pair's place are alike in each.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_batch_of_two_sequences_is_two_batches_unless_a_choice_looks_at_the_whole_batch(string router, string selector)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = new(new MoeTransformerOptions
        {
            VocabularySize = 50,
            HiddenSize = 16,
            Layers = 3,
            Heads = 2,
            KeyValueHeads = 1,
            HeadSize = 8,
            SequenceLength = Tokens,
            Experts = 6,
            TopK = 2,
            InnerSize = 8,
            DenseLayers = [1],
            InitialDeviation = 0.3,
            Moe = new MoeLayerOptions { HiddenSize = 1, Experts = 1, TopK = 1, InnerSize = 1, Routing = new RoutingRecipe { Router = router, Selector = selector } },
        });
        foreach (TorchSharp.Modules.Parameter parameter in model.MoeLayers.SelectMany(l => l.Router.parameters()))
        {
            parameter.add_(randn_like(parameter), 0.3);
        }

        model.eval();
        Tensor tokens = randint(0, 50, [2, Tokens], ScalarType.Int64);

        double difference = Near.RelativeError(model.Run(tokens).Logits, cat([model.Run(tokens[..1]).Logits, model.Run(tokens[1..]).Logits]));

        // fp32 sums in another order, through three layers.
        Assert.True(Selectors.All.Get(selector).IsCausal == difference < 1e-5, $"relative difference {difference:g3}");
    }
}
