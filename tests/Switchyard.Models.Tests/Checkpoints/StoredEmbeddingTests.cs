using Switchyard.Models.Tests.Architectures;
using Switchyard.Models.Tests.Files;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Token embeddings that stay in their file.</summary>
public sealed class StoredEmbeddingTests
{
    public static TheoryData<string> Decoders => KeyValueCacheTests.Decoders;

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Embeddings_of_a_decoder_stay_in_the_file_and_are_those_that_are_copied_for_training(string folder)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeTransformer stored = GoldenModels.Load(folder), copied = GoldenModels.Load(folder, trainable: true);
        TransformerInput input = GoldenModels.Input(GoldenModels.Numbers(folder));

        Assert.Equal(0, stored.get_parameter("model.embed_tokens.weight")!.numel());
        Assert.True(stored.Encode(input).All[0].Equals(copied.Encode(input).All[0]));
        Assert.Equal(copied.TotalParameters, stored.TotalParameters);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-6)]
    [InlineData(ScalarType.BFloat16, 1e-2)]
    public void A_head_that_shares_the_table_reads_it_where_it_lies(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using TemporaryFolder folder = new();
        using MoeTransformer made = new(KeyValueCacheTests.Options(latent: false)) { ComputeType = type };
        made.eval();
        made.Save(folder["model"]);
        using MoeTransformer stored = MoeTransformer.Load(folder["model"], new ModelLoadOptions { ComputeType = type });
        Tensor tokens = arange(12, ScalarType.Int64).reshape(1, 12), targets = tokens + 1;

        Near.AssertClose(stored.Run(tokens).Logits, made.Run(tokens).Logits, tolerance, "logits");
        Near.AssertClose(stored.Loss(new TransformerInput(tokens), targets).Loss, made.Loss(new TransformerInput(tokens), targets).Loss, tolerance, "loss");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(32)]
    public void An_id_outside_the_vocabulary_is_an_error_that_says_so(long id)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using TemporaryFolder folder = new();
        using (MoeTransformer made = new(KeyValueCacheTests.Options(latent: false)))
        {
            made.Save(folder["model"]);
        }

        using MoeTransformer stored = MoeTransformer.Load(folder["model"]);

        Assert.Contains($"token id {id}", Assert.Throws<ArgumentOutOfRangeException>(() => stored.Run(tensor(new[] { id }).unsqueeze(0))).Message, StringComparison.Ordinal);
    }
}
