using System.Text.Json;
using Microsoft.Extensions.AI;
using Switchyard.Models.Files;
using Switchyard.Models.Generation;
using Switchyard.Models.Tests.Files;
using Switchyard.Models.Tokenizers;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Generation;

public sealed class SentenceEncoderTests
{
    [Fact]
    public async Task Vectors_of_sentences_are_those_of_transformers()
    {
        string? folder = Golden.Folder("models/minilm");
        Assert.SkipWhen(folder is null, "no reference sentence encoder found");
        GoldenFile golden = GoldenFile.Read(Path.Combine(folder, "golden.safetensors"));
        using SentenceEncoder encoder = SentenceEncoder.Load(folder);
        string[] texts = JsonSerializer.Deserialize<string[]>(golden.Metadata["texts"])!;

        GeneratedEmbeddings<Embedding<float>> vectors = await encoder.GenerateAsync(texts, cancellationToken: TestContext.Current.CancellationToken);

        using Tensor expected = golden.Tensor("embedding");
        using Tensor actual = stack(vectors.Select(v => tensor(v.Vector.ToArray())));
        Near.AssertClose(actual, expected, 1e-4, "vectors");
    }

    [Fact]
    public async Task A_batch_gives_the_vectors_of_its_texts_by_themselves_in_their_order()
    {
        using TemporaryFolder folder = new();
        using SentenceEncoder encoder = Small(folder);
        string[] texts = [.. Enumerable.Range(0, 24).Select(i => string.Join(' ', Enumerable.Repeat("the token of the expert", 1 + (i * 7 % 5))) + new string('!', i % 3))];

        GeneratedEmbeddings<Embedding<float>> together = await encoder.GenerateAsync(texts, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(texts.Length, together.Count);
        for (int i = 0; i < texts.Length; i++)
        {
            float[] alone = (await encoder.GenerateAsync([texts[i]], cancellationToken: TestContext.Current.CancellationToken))[0].Vector.ToArray();
            Assert.Equal(1, alone.Sum(x => x * x), 1e-5);
            Assert.All(alone.Zip(together[i].Vector.ToArray()), p => Assert.Equal(p.First, p.Second, 1e-6f));
        }

        Assert.Empty(await encoder.GenerateAsync([], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_text_that_is_too_long_or_empty_is_named_by_its_number()
    {
        using TemporaryFolder folder = new();
        using SentenceEncoder encoder = Small(folder);
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => encoder.GenerateAsync(["fine", new string('x', 5000)], cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("text 1 has 5000 tokens", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => encoder.GenerateAsync([string.Empty], cancellationToken: TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<NotSupportedException>(() => encoder.GenerateAsync(["fine"], new EmbeddingGenerationOptions { Dimensions = 3 }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_decoder_is_refused()
    {
        string? folder = Golden.Folder("models/trained-qwen3_moe");
        Assert.SkipWhen(folder is null, "no trained reference model found");
        Assert.Throws<CheckpointFormatException>(() => SentenceEncoder.Load(folder));
    }

    /// <summary>The small encoder among the reference models, with a vocabulary made here.</summary>
    private static SentenceEncoder Small(TemporaryFolder folder)
    {
        string? model = Golden.Folder("models/bert");
        Assert.SkipWhen(model is null, "no reference encoder found");
        foreach (string file in Directory.GetFiles(model))
        {
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        }

        BytePairTrainer trainer = new();
        trainer.Add("the token of the expert");
        trainer.Train(280, TestContext.Current.CancellationToken).Save(folder.Path);
        return SentenceEncoder.Load(folder.Path);
    }
}
