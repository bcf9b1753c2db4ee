using System.Text.Json;
using Microsoft.Extensions.AI;
using Switchyard.Models.Files;
using Switchyard.Models.Generation;
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
    public void A_decoder_is_refused()
    {
        string? folder = Golden.Folder("models/trained-qwen3_moe");
        Assert.SkipWhen(folder is null, "no trained reference model found");
        Assert.Throws<CheckpointFormatException>(() => SentenceEncoder.Load(folder));
    }
}
