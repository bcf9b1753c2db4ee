using Switchyard.Experts.Caching;
using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Models whose experts are read into memory of bounded size.</summary>
public sealed class ExpertCacheTests
{
    public static TheoryData<string> Folders => GoldenModels.Data(GoldenModels.All.Where(f => GoldenModels.Config(f)["model_type"]!.GetValue<string>() is not "bert"));

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_model_computes_the_same_bits_through_a_cache_of_any_size(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer mapped = GoldenModels.Load(folder);
        Assert.Null(mapped.ExpertCache);
        Tensor tokens = Tokens(mapped);
        (Tensor together, Tensor single) = Logits(mapped, tokens);
        (long slotBytes, int all) = SlotsOf(folder);
        foreach (int slots in (int[])[1, 2, all / 2, all - 1, all])
        {
            using MoeTransformer cached = GoldenModels.Load(folder, expertCacheBytes: (slots * slotBytes) + 1);
            (Tensor sameTogether, Tensor sameSingle) = Logits(cached, tokens);
            Assert.True(together.Equals(sameTogether), $"{folder}, {slots} slots: all tokens at once");
            Assert.True(single.Equals(sameSingle), $"{folder}, {slots} slots: token by token");
            ExpertCacheStatistics statistics = cached.ExpertCache!.Statistics;
            Assert.Equal(slots, statistics.Slots);
            Assert.InRange(statistics.UsedBytes, slotBytes, slots * slotBytes);
            Assert.InRange(statistics.BytesRead, 1, statistics.Misses * slotBytes);
            if (slots == all)
            {
                // Each is read once, so those that are held are those that were missed.
                Assert.Equal(statistics.UsedBytes, statistics.Misses * slotBytes);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_cache_smaller_than_an_expert_is_refused_with_both_sizes(string folder)
    {
        (long slotBytes, _) = SlotsOf(folder);
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => GoldenModels.Load(folder, expertCacheBytes: slotBytes - 1));
        Assert.Contains($"{slotBytes:N0}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{slotBytes - 1:N0}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_bounded_is_refused()
    {
        string folder = GoldenModels.All.FirstOrDefault(f => f.EndsWith("mixtral", StringComparison.Ordinal)) ?? string.Empty;
        Assert.SkipWhen(folder.Length == 0, "no reference models found");
        string path = Golden.Folder(folder)!;
        Assert.Contains("to be trained", Assert.Throws<ConfigurationException>(() => MoeTransformer.Load(path, new ModelLoadOptions { Trainable = true, ExpertCacheBytes = 1 << 30 })).Message, StringComparison.Ordinal);
        Assert.Contains("it must be 1 or more", Assert.Throws<ConfigurationException>(() => MoeTransformer.Load(path, new ModelLoadOptions { ExpertCacheBytes = 0 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_gone_leaves_no_memory()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using TemporaryFolder folder = new();
        Make(folder["model"]);
        ExpertCache cache;
        using (MoeTransformer cached = MoeTransformer.Load(folder["model"], new ModelLoadOptions { ExpertCacheBytes = 1 << 20 }))
        {
            cache = cached.ExpertCache!;
            Tensor tokens = randint(0, 64, [1, 9], ScalarType.Int64);
            _ = cached.Run(tokens);
            Assert.InRange(cache.Statistics.UsedBytes, 1, 1 << 20);
        }

        Assert.Equal(0, cache.Statistics.UsedBytes);
    }

    [Fact]
    public void Gradients_of_routers_need_a_model_without_a_cache()
    {
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        Make(folder["model"]);
        using MoeTransformer cached = MoeTransformer.Load(folder["model"], new ModelLoadOptions { ExpertCacheBytes = 1 << 20 });
        Tensor tokens = randint(0, 64, [1, 9], ScalarType.Int64);
        Assert.Contains("no_grad", Assert.Throws<InvalidOperationException>(() => cached.Run(tokens)).Message, StringComparison.Ordinal);
    }

    private static void Make(string folder)
    {
        random.manual_seed(8);
        using MoeTransformer made = new(new MoeTransformerOptions { VocabularySize = 64, HiddenSize = 32, Layers = 2, Heads = 2, KeyValueHeads = 2, HeadSize = 16, Experts = 4, TopK = 2, InnerSize = 24, SequenceLength = 16 });
        made.Save(folder);
    }

    private static (long SlotBytes, int All) SlotsOf(string folder)
    {
        using MoeTransformer model = GoldenModels.Load(folder, expertCacheBytes: 1L << 50);
        return (model.ExpertCache!.SlotBytes, model.ExpertCache.Slots);
    }

    private static Tensor Tokens(MoeTransformer model)
    {
        random.manual_seed(6);
        return randint(0, model.Options.VocabularySize, [2, 24], ScalarType.Int64);
    }

    /// <summary>Logits of all tokens at once, and token by token.</summary>
    private static (Tensor Together, Tensor Single) Logits(MoeTransformer model, Tensor tokens)
    {
        using KeyValueCache past = model.NewCache();
        Tensor[] single = [.. Enumerable.Range(0, 6).Select(i => model.Run(tokens.narrow(1, i, 1), past).Logits)];
        return (model.Run(tokens).Logits, cat(single, 1));
    }
}
