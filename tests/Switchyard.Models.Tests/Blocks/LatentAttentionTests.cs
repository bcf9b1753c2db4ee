using Switchyard.Models.Blocks;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Blocks;

public sealed class LatentAttentionTests
{
    private const double OfBFloat16 = 1.5e-2; // the products before and after attention round to 8 bits
    private static readonly LatentAttentionOptions Sizes = new() { QueryRank = 7, KeyValueRank = 6, PlainSize = 5, RotarySize = 4, ValueSize = 3 };

    public static TheoryData<ScalarType, double, int> Cases => new()
    {
        { ScalarType.Float64, 1e-6, 7 }, // norms are fp32 whatever the type
        { ScalarType.Float32, 2e-6, 7 },
        { ScalarType.Float32, 2e-6, 0 },
        { ScalarType.BFloat16, OfBFloat16, 7 },
        { ScalarType.BFloat16, OfBFloat16, 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_prompt_gives_what_torch_gives_of_keys_and_values_written_out(ScalarType type, double tolerance, int queryRank)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        (LatentAttention attention, RotaryEmbedding rotary, Tensor x) = Make(queryRank);

        Tensor y = attention.forward(x.to(type));

        Assert.Equal(type, y.dtype);
        Near.AssertClose(y, WrittenOut(attention, rotary, x.to(type)), tolerance);
        rotary.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tokens_that_follow_cached_ones_give_the_same(ScalarType type, double tolerance, int queryRank)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        (LatentAttention attention, RotaryEmbedding rotary, Tensor x) = Make(queryRank);
        MoeTransformerOptions options = Options(queryRank);
        using KeyValueCache cache = new(options);
        List<Tensor> parts = [];
        foreach (int piece in (int[])[5, 1, 1, 4, 1])
        {
            AttentionPass pass = AttentionPass.Of(piece, causal: true, window: 0, cache, mask: null, CPU);
            parts.Add(attention.Run(x.to(type).narrow(1, cache.Length, piece), pass));
            cache.End(piece);
        }

        Assert.All(parts, p => Assert.Equal(type, p.dtype));
        Near.AssertClose(cat(parts, 1), WrittenOut(attention, rotary, x.to(type)), tolerance);
        rotary.Dispose();
    }

    [Fact]
    public void Gradients_in_bf16_are_those_in_fp32_but_for_rounding()
    {
        using var scope = NewDisposeScope();
        (LatentAttention attention, RotaryEmbedding rotary, Tensor x) = Make(queryRank: 7);
        Tensor slope = randn(x.shape);
        Dictionary<string, Tensor> exact = Gradients(ScalarType.Float32), rounded = Gradients(ScalarType.BFloat16);

        Assert.Equal(exact.Keys, rounded.Keys);
        Assert.All(exact, g => Near.AssertClose(rounded[g.Key], g.Value, 4 * OfBFloat16, g.Key));
        rotary.Dispose();

        Dictionary<string, Tensor> Gradients(ScalarType type)
        {
            attention.zero_grad();
            (attention.forward(x.to(type)) * slope.to(type)).sum().backward();
            return attention.named_parameters().DistinctBy(p => p.parameter.Handle).ToDictionary(p => p.name, p => p.parameter.grad!.clone(), StringComparer.Ordinal);
        }
    }

    /// <summary>The attention as it is defined: in the type of x, over keys and values of all heads, with torch's softmax.</summary>
    private static Tensor WrittenOut(LatentAttention attention, RotaryEmbedding rotary, Tensor x)
    {
        Dictionary<string, Tensor> weights = attention.state_dict();
        long tokens = x.size(1), heads = Options(0).Heads, whole = Sizes.PlainSize + Sizes.RotarySize;
        Tensor query = weights.ContainsKey("q_proj.weight") ? Product(x, "q_proj") : Product(Normed(Product(x, "q_a_proj"), "q_a_layernorm"), "q_b_proj");
        query = query.view(1, tokens, heads, whole);
        Tensor both = Product(x, "kv_a_proj_with_mqa");
        Tensor keyValue = Product(Normed(both[.., .., ..Sizes.KeyValueRank], "kv_a_layernorm"), "kv_b_proj").view(1, tokens, heads, Sizes.PlainSize + Sizes.ValueSize);
        Tensor turnedKey = rotary.ApplyInterleaved(both[.., .., Sizes.KeyValueRank..].unsqueeze(2)).expand(1, tokens, heads, Sizes.RotarySize);
        Tensor q = cat([query[.., .., .., ..Sizes.PlainSize], rotary.ApplyInterleaved(query[.., .., .., Sizes.PlainSize..])], -1).transpose(1, 2);
        Tensor k = cat([keyValue[.., .., .., ..Sizes.PlainSize], turnedKey], -1).transpose(1, 2);
        Tensor scores = q.matmul(k.transpose(2, 3)) / Math.Sqrt(whole);
        Tensor seen = ones(tokens, tokens, ScalarType.Bool).tril();
        Tensor mixed = scores.masked_fill(seen.logical_not(), double.NegativeInfinity).softmax(-1).matmul(keyValue[.., .., .., Sizes.PlainSize..].transpose(1, 2));
        return Product(mixed.transpose(1, 2).reshape(1, tokens, heads * Sizes.ValueSize), "o_proj");

        Tensor Product(Tensor of, string name) => nn.functional.linear(of, weights[name + ".weight"].to(of.dtype));

        Tensor Normed(Tensor of, string name)
        {
            Tensor wide = of.to(ScalarType.Float64);
            return (wide * (wide.square().mean([-1], keepdim: true) + 1e-6).rsqrt() * weights[name + ".weight"]).to(of.dtype);
        }
    }

    private static (LatentAttention Attention, RotaryEmbedding Rotary, Tensor X) Make(int queryRank)
    {
        manual_seed(5);
        MoeTransformerOptions options = Options(queryRank);
        RotaryEmbedding rotary = new(Sizes.RotarySize, options.SequenceLength);
        LatentAttention attention = new(options, rotary, layer: 0);
        return (attention, rotary, randn(1, 12, options.HiddenSize));
    }

    private static MoeTransformerOptions Options(int queryRank) => KeyValueCacheTests.Options(latent: true) with { Layers = 1, LatentAttention = Sizes with { QueryRank = queryRank } };
}
