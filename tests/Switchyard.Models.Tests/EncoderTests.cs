using Switchyard.Experts;
using Switchyard.Models.Blocks;
using Switchyard.Models.Tests.Architectures;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests;

public sealed class EncoderTests
{
    [Fact]
    public void Padding_changes_nothing_for_the_real_tokens()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options);
        Tensor tokens = arange(5, ScalarType.Int64).reshape(1, 5);
        Tensor padded = cat([tokens, full([1, 3], 7, ScalarType.Int64)], 1);
        Tensor mask = cat([ones(1, 5), zeros(1, 3)], 1).to(ScalarType.Bool);

        Tensor alone = model.Run(tokens).Logits;
        Tensor together = model.Run(new TransformerInput(padded) { Mask = mask }).Logits;

        Near.AssertClose(together.narrow(1, 0, 5), alone, 1e-5);
        Assert.True(Near.RelativeError(model.Run(padded).Logits.narrow(1, 0, 5), alone) > 1e-3);
    }

    [Fact]
    public void A_token_sees_those_that_come_later()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options);
        Tensor tokens = arange(5, ScalarType.Int64).reshape(1, 5);
        Tensor changed = tokens.clone();
        changed[0, 4] = 9;

        Assert.True(Near.RelativeError(model.Run(changed).Logits[0, 0], model.Run(tokens).Logits[0, 0]) > 1e-4);
    }

    [Fact]
    public void Its_layers_can_be_MoE_and_their_padding_is_no_load()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options with { DenseLayers = [0], Experts = 4, TopK = 2, InnerSize = 12, Moe = new MoeLayerOptions { HiddenSize = 1, Experts = 1, TopK = 1, InnerSize = 1, ExpertBias = true } });
        Tensor mask = tensor(new[] { true, true, true, false, false }).unsqueeze(0);
        GoldenModels.Log log = new();

        model.Run(new TransformerInput(arange(5, ScalarType.Int64).reshape(1, 5)) { Mask = mask }, log);

        Assert.Equal([1], log.Layers.Keys);
        Assert.True(log.Layers[1].Context.TokenMask!.Equals(mask.flatten()));
    }

    [Fact]
    public void Without_a_head_it_gives_states_and_no_logits()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options with { Encoder = new EncoderOptions { MaskedLanguageHead = false, Pooler = true } });
        TransformerInput input = new(arange(5, ScalarType.Int64).reshape(1, 5));

        TransformerStates states = model.Encode(input);

        Assert.Equal([1, 5, 16], states.Last.shape);
        Assert.Empty(states.All);
        Assert.Equal([1, 16], model.Pooled(states).shape);
        Assert.Throws<InvalidOperationException>(() => model.Run(input));
        Assert.Throws<InvalidOperationException>(() => model.NewCache());
    }

    private static MoeTransformerOptions Options => new()
    {
        VocabularySize = 32,
        HiddenSize = 16,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 4,
        HeadSize = 4,
        SequenceLength = 16,
        DenseInnerSize = 24,
        DenseLayers = [0, 1],
        QueryKeyNorm = false,
        QueryKeyValueBias = true,
        AttentionOutputBias = true,
        Activation = ExpertActivation.Gelu,
        InitialDeviation = 0.3,
        Encoder = new EncoderOptions(),
    };

    private static MoeTransformer Model(MoeTransformerOptions options)
    {
        MoeTransformer model = new(options);
        model.eval();
        return model;
    }
}
