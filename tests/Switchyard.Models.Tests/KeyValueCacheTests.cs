using Switchyard.Models.Blocks;
using Switchyard.Models.Tests.Architectures;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests;

public sealed class KeyValueCacheTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<string> Decoders => GoldenModels.Data(GoldenModels.All.Where(f => (string?)GoldenModels.Config(f)["model_type"] != "bert"));

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Tokens_in_pieces_of_any_size_give_what_the_whole_sequence_gives(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        Tensor tokens = GoldenModels.Numbers(folder).Tensor("input_ids").to(ScalarType.Int64);
        tokens = tokens.narrow(1, 0, Math.Min(40, tokens.size(1)));
        Tensor whole = model.Run(tokens).Logits;
        using KeyValueCache cache = model.NewCache();

        int[] pieces = [1, 1, 5, 1, 9, 1];
        List<Tensor> parts = [];
        while (cache.Length < tokens.size(1))
        {
            long piece = Math.Min(pieces[parts.Count % pieces.Length], tokens.size(1) - cache.Length);
            parts.Add(model.Run(tokens.narrow(1, cache.Length, piece), cache).Logits);
        }

        Assert.Equal(tokens.size(1), cache.Length);
        Near.AssertClose(cat(parts, 1), whole, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Sequences_of_a_batch_go_on_as_each_does_alone(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = GoldenModels.Load(folder);
        Tensor tokens = GoldenModels.Numbers(folder).Tensor("input_ids").to(ScalarType.Int64);
        tokens = tokens.narrow(1, 0, Math.Min(12, tokens.size(1)));
        Tensor both = cat([tokens[..1], tokens[..1].flip(1)], 0);

        Tensor together = Greedy(model, both);

        Near.AssertClose(together[0], Greedy(model, both[..1])[0], Tolerance);
        Near.AssertClose(together[1], Greedy(model, both[1..])[0], Tolerance);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(5, false)]
    [InlineData(0, true)]
    [InlineData(5, true)]
    public void Sequences_padded_on_the_left_give_what_each_gives_alone(int window, bool latent)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent) with { SlidingWindow = window });
        Tensor longer = Tokens(1, 9);
        Tensor shorter = Tokens(1, 6) + 3;
        Tensor both = cat([longer, cat([zeros(1, 3, ScalarType.Int64), shorter], 1)], 0);
        Tensor mask = ones_like(both);
        mask[1, ..3] = 0;
        using KeyValueCache cache = model.NewCache(capacity: 9);

        Tensor first = model.Run(new TransformerInput(both.narrow(1, 0, 5)) { Cache = cache, Mask = mask.narrow(1, 0, 5) }).Logits;
        Tensor second = model.Run(new TransformerInput(both.narrow(1, 5, 3)) { Cache = cache }).Logits;
        Tensor third = model.Run(new TransformerInput(both.narrow(1, 8, 1)) { Cache = cache }).Logits;

        Tensor joined = cat([first, second, third], 1);
        Near.AssertClose(joined[0], model.Run(longer).Logits[0], Tolerance, "without padding");
        Near.AssertClose(joined[1].narrow(0, 3, 6), model.Run(shorter).Logits[0], Tolerance, "with padding");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sliding_window_hides_what_lies_further_back_in_one_pass_and_in_many(bool latent)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent) with { SlidingWindow = 4, Layers = 1 });
        Tensor tokens = Tokens(1, 10);
        Tensor changed = tokens.clone();
        changed[0, 5] = 31;

        Tensor last = model.Run(tokens).Logits[0, 9];
        Assert.Equal(0, Near.RelativeError(model.Run(changed).Logits[0, 9], last), 6);
        changed[0, 6] = 31;
        Assert.True(Near.RelativeError(model.Run(changed).Logits[0, 9], last) > 1e-4);

        using KeyValueCache cache = model.NewCache();
        Tensor[] steps = [.. Enumerable.Range(0, 10).Select(i => model.Run(tokens.narrow(1, i, 1), cache).Logits)];
        Near.AssertClose(cat(steps, 1), model.Run(tokens).Logits, Tolerance);
    }

    [Fact]
    public void Only_the_named_layers_have_the_window()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer all = Model(Options(latent: false) with { SlidingWindow = 2 });
        using MoeTransformer none = Model(Options(latent: false) with { SlidingWindow = 2, WindowLayers = [] });
        using MoeTransformer plain = Model(Options(latent: false));

        Assert.True(none.Run(Tokens(1, 8)).Logits.Equals(plain.Run(Tokens(1, 8)).Logits));
        Assert.False(all.Run(Tokens(1, 8)).Logits.Equals(plain.Run(Tokens(1, 8)).Logits));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_truncated_cache_goes_on_from_there(bool latent)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent));
        Tensor tokens = Tokens(2, 8);
        using KeyValueCache cache = model.NewCache();
        model.Run(tokens, cache);

        cache.Truncate(3);
        Tensor again = model.Run(tokens.narrow(1, 3, 5), cache).Logits;

        Near.AssertClose(again, model.Run(tokens).Logits.narrow(1, 3, 5), Tolerance);
        cache.Truncate(0);
        Assert.Equal((0, 0, 0), (cache.Length, cache.Batch, cache.ByteSize));
        Near.AssertClose(model.Run(Tokens(1, 4), cache).Logits, model.Run(Tokens(1, 4)).Logits, Tolerance);
    }

    [Theory]
    [InlineData(RotaryScalingKind.Yarn, 1.2, 1.9)]
    [InlineData(RotaryScalingKind.Linear, 1, 1)]
    [InlineData(RotaryScalingKind.Llama3, 1, 1)]
    public void Scaled_positions_go_on_from_the_cache(RotaryScalingKind kind, double attentionFactor, double logitFactor)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        RotaryScaling scaling = new() { Kind = kind, Factor = 2, OriginalPositions = 8, AttentionFactor = attentionFactor, LogitFactor = logitFactor };
        foreach (bool latent in (bool[])[false, true])
        {
            using MoeTransformer model = Model(Options(latent) with { RotaryScaling = scaling });
            using MoeTransformer plain = Model(Options(latent));
            Tensor tokens = Tokens(1, 12);
            using KeyValueCache cache = model.NewCache();
            Tensor parts = cat([model.Run(tokens.narrow(1, 0, 7), cache).Logits, model.Run(tokens.narrow(1, 7, 5), cache).Logits], 1);

            Near.AssertClose(parts, model.Run(tokens).Logits, Tolerance);
            Assert.True(Near.RelativeError(parts, plain.Run(tokens).Logits) > 1e-4);
        }
    }

    [Fact]
    public void Dynamic_scaling_goes_beyond_the_original_length_but_not_with_a_cache()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent: false) with { RotaryScaling = new RotaryScaling { Kind = RotaryScalingKind.Dynamic, Factor = 2, OriginalPositions = 16 } });
        using KeyValueCache cache = model.NewCache();

        Assert.Equal(30, model.Run(Tokens(1, 30)).Logits.size(1));
        Assert.Equal(16, cache.Longest);
        Assert.Throws<ArgumentException>(() => model.Run(Tokens(1, 17), cache));
        Assert.Throws<ArgumentException>(() => model.Run(Tokens(1, 33)));
    }

    [Fact]
    public void Latent_attention_keeps_one_latent_and_one_key_a_token()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent: true));
        using KeyValueCache cache = model.NewCache(capacity: 8);

        model.Run(Tokens(1, 8), cache);

        Assert.Equal(2 * 8 * (6 + 4) * sizeof(float), cache.ByteSize);
    }

    [Fact]
    public void What_does_not_fit_is_an_error()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent: false));
        KeyValueCache cache = model.NewCache();
        model.Run(Tokens(2, 3), cache);

        Assert.Contains("2 sequences", Assert.Throws<ArgumentException>(() => model.Run(Tokens(1, 1), cache)).Message, StringComparison.Ordinal);
        Assert.Contains("allows 16", Assert.Throws<ArgumentException>(() => model.Run(Tokens(2, 14), cache)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.NewCache(17));
        Assert.Equal(3, cache.Length);
        cache.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Run(Tokens(2, 1), cache));
    }

    [Fact]
    public void Only_the_last_logits_are_made_where_only_they_are_wanted()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent: false));

        Tensor last = model.Run(new TransformerInput(Tokens(2, 5)) { LastLogitsOnly = true }).Logits;

        Near.AssertClose(last, model.Run(Tokens(2, 5)).Logits.narrow(1, 4, 1), 1e-6);
    }

    [Fact]
    public void A_cache_leaves_no_tensors_behind()
    {
        using var quiet = no_grad();
        using MoeTransformer model = Model(Options(latent: false));
        Use();
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Use();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Use()
        {
            using KeyValueCache cache = model.NewCache(capacity: 2);
            for (int i = 0; i < 12; i++)
            {
                using var scope = NewDisposeScope();
                model.Run(new TransformerInput(Tokens(1, 1)) { Cache = cache, Mask = ones(1, 1, ScalarType.Bool) });
            }
        }
    }

    /// <summary>Logits of prompts and of six greedy tokens after each.</summary>
    private static Tensor Greedy(MoeTransformer model, Tensor prompts)
    {
        using KeyValueCache cache = model.NewCache();
        List<Tensor> all = [model.Run(prompts, cache).Logits];
        for (int i = 0; i < 6; i++)
        {
            all.Add(model.Run(all[^1].narrow(1, all[^1].size(1) - 1, 1).argmax(-1), cache).Logits);
        }

        return cat([.. all], 1);
    }

    internal static MoeTransformerOptions Options(bool latent) => new()
    {
        VocabularySize = 32,
        HiddenSize = 16,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = latent ? 4 : 2,
        HeadSize = 8,
        SequenceLength = 16,
        Experts = 4,
        TopK = 2,
        InnerSize = 10,
        InitialDeviation = 0.3,
        QueryKeyNorm = !latent,
        LatentAttention = latent ? new LatentAttentionOptions { QueryRank = 7, KeyValueRank = 6, PlainSize = 5, RotarySize = 4, ValueSize = 3 } : null,
    };

    private static MoeTransformer Model(MoeTransformerOptions options)
    {
        MoeTransformer model = new(options);
        model.eval();
        return model;
    }

    private static Tensor Tokens(long batch, long count) => (arange(batch * count, ScalarType.Int64) * 7 % 29).reshape(batch, count);
}
