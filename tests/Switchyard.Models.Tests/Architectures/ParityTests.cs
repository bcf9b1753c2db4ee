using Switchyard.Balancing.Losses;
using Switchyard.Metrics;
using Switchyard.Models.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Architectures;

/// <summary>Every model that transformers made and ran, computed by us.</summary>
public sealed class ParityTests
{
    private const double OfLogits = 1e-4;
    private const double OfRouters = 1e-5;
    private const double OfGradients = 1e-3;
    private const double OfRounding = 1e-7;
    private const int PromptLength = 6;

    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.All);

    public static TheoryData<string> Quantized => GoldenModels.Data(GoldenModels.Quantized);

    public static TheoryData<string> WithLoss => GoldenModels.With("loss");

    public static TheoryData<string> WithGreedy => GoldenModels.With("greedy");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Logits_and_hidden_states_are_those_of_transformers(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        GoldenFile golden = GoldenModels.Numbers(folder);
        TransformerInput input = GoldenModels.Input(golden);

        TransformerStates states = model.Encode(input);

        // Rows of padding carry no meaning.
        Tensor real = (input.Mask ?? ones_like(input.Tokens)).to(ScalarType.Float32).unsqueeze(-1);
        for (int i = 0; i <= model.Options.Layers; i++)
        {
            Near.AssertClose(states.All[i] * real, golden.Tensor($"hidden.{i}") * real, OfLogits, $"hidden states {i}");
        }

        if (golden.Has("logits"))
        {
            Near.AssertClose(model.Run(input).Logits, golden.Tensor("logits"), OfLogits, "logits");
        }

        Assert.Equal(golden.Has("logits"), model.HasHead);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Routers_score_choose_and_weigh_as_in_transformers(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        GoldenFile golden = GoldenModels.Numbers(folder);
        GoldenModels.Log log = new();

        model.Encode(GoldenModels.Input(golden), log);

        Assert.Equal(golden.Names.Count(n => n.StartsWith("router_logits.", StringComparison.Ordinal)), log.Layers.Count);
        foreach ((int i, RoutingObservation seen) in log.Layers)
        {
            Near.AssertClose(seen.Scores, golden.Tensor($"router_logits.{i}"), OfRouters, $"router logits of layer {i}");
            (Tensor chosen, Tensor order) = seen.Assignment.Experts.sort(-1);
            if (golden.Has($"experts.{i}"))
            {
                Assert.True(chosen.Equals(golden.Tensor($"experts.{i}").to(ScalarType.Int64)), $"experts of layer {i}");
            }

            if (golden.Has($"weights.{i}"))
            {
                Near.AssertClose(seen.Assignment.Weights.gather(1, order), golden.Tensor($"weights.{i}"), OfRouters, $"weights of layer {i}");
            }
        }

        if (golden.Has("aux_loss"))
        {
            Tensor loss = SwitchLoss.OfLayers([.. log.Layers.OrderBy(l => l.Key).Select(l => l.Value.Scores)], model.Options.TopK);
            Near.AssertClose(loss.reshape(1), golden.Tensor("aux_loss"), OfRouters, "aux_loss");
        }
    }

    [Theory]
    [MemberData(nameof(WithLoss))]
    public void Loss_and_gradients_are_those_of_transformers(string folder)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer model = GoldenModels.Load(folder, trainable: true);
        GoldenFile golden = GoldenModels.Numbers(folder);
        TransformerInput input = GoldenModels.Input(golden);

        Tensor loss = Loss(model, input);
        Near.AssertClose(loss.reshape(1), golden.Tensor("loss").reshape(1), OfRouters, "loss");
        loss.backward();

        // A gradient is stored under its parameter's name: put the gradients where the parameters are, and read them by name.
        using var quiet = no_grad();
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (Parameter parameter in model.parameters())
        {
            parameter.copy_(parameter.grad ?? zeros_like(parameter));
        }

        // What shifts all scores of a softmax alike, such as a key's bias, has no gradient but rounding.
        string[] recorded = [.. golden.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal))];
        double rounding = OfRounding * recorded.Select(n => golden.Tensor(n).abs().max().item<float>()).DefaultIfEmpty().Max();
        foreach ((string name, Tensor gradient) in ModelTensors.Of(model).Where(t => golden.Has($"grad.{t.Name}")))
        {
            Tensor expected = golden.Tensor($"grad.{name}");
            if (expected.abs().max().item<float>() > rounding || gradient.abs().max().item<float>() > rounding)
            {
                Near.AssertClose(gradient, expected, OfGradients, $"gradient of {name}");
            }

            names.Add($"grad.{name}");
        }

        Assert.DoesNotContain(recorded, n => !names.Contains(n));
    }

    [Theory]
    [MemberData(nameof(Quantized))]
    public void Gradients_of_routers_through_stored_experts_are_those_through_widened_ones(string folder)
    {
        using var scope = NewDisposeScope();
        using MoeTransformer stored = GoldenModels.Load(folder), widened = GoldenModels.Load(folder, trainable: true);
        TransformerInput input = GoldenModels.Input(GoldenModels.Numbers(folder));
        Loss(stored, input).backward();
        Loss(widened, input).backward();
        Assert.All(stored.MoeLayers, l => Assert.NotNull(l.Experts.Stored));
        Assert.All(widened.MoeLayers, l => Assert.Null(l.Experts.Stored));
        foreach ((MoeLayer a, MoeLayer b) in stored.MoeLayers.Zip(widened.MoeLayers))
        {
            foreach ((Parameter actual, Parameter expected) in a.Router.parameters().Zip(b.Router.parameters()))
            {
                Near.AssertClose(actual.grad!, expected.grad!, OfGradients, $"router of layer {a.Options.Layer}");
            }
        }

        Assert.Equal(widened.TotalParameters, stored.TotalParameters);
        Assert.Equal(widened.ActiveParameters, stored.ActiveParameters);
    }

    [Theory]
    [MemberData(nameof(WithGreedy))]
    public void Greedy_continuations_are_those_of_transformers(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        Tensor expected = GoldenModels.Numbers(folder).Tensor("greedy").to(ScalarType.Int64);
        using KeyValueCache cache = model.NewCache();

        List<long> tokens = [.. expected[0].narrow(0, 0, PromptLength).data<long>()];
        Tensor next = expected.narrow(1, 0, PromptLength);
        while (tokens.Count < expected.size(1))
        {
            MoeTransformerOutput output = model.Run(new TransformerInput(next) { Cache = cache, LastLogitsOnly = true });
            next = output.Logits.argmax(-1);
            tokens.Add(next.item<long>());
        }

        Assert.Equal(expected[0].data<long>().ToArray(), tokens);
    }

    /// <summary>Of the next token for a decoder, of every real token for an encoder, whose labels were its input.</summary>
    private static Tensor Loss(MoeTransformer model, TransformerInput input)
    {
        Tensor logits = model.Run(input).Logits;
        if (model.Options.Encoder is not null)
        {
            Tensor labels = input.Mask is null ? input.Tokens : input.Tokens.masked_fill(input.Mask.eq(0), -100);
            return nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index: -100);
        }

        long length = input.Tokens.size(1);
        return nn.functional.cross_entropy(logits.slice(1, 0, length - 1, 1).flatten(0, 1), input.Tokens.slice(1, 1, length, 1).flatten());
    }
}
