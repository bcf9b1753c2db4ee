using Microsoft.Extensions.AI;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using static TorchSharp.torch;

namespace Switchyard.Models.Generation;

/// <summary>Vectors of sentences from an encoder such as MiniLM: the mean of the last hidden states over the tokens, divided by its length (Reimers and Gurevych, "Sentence-BERT", 2019).</summary>
public sealed class SentenceEncoder : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly MoeTransformer _model;
    private readonly TextTokenizer _tokenizer;

    private SentenceEncoder(MoeTransformer model, TextTokenizer tokenizer)
    {
        _model = model;
        _tokenizer = tokenizer;
    }

    /// <summary>Opens an encoder and its tokenizer from a folder.</summary>
    /// <exception cref="CheckpointFormatException">A file is missing or damaged, or the model is a decoder.</exception>
    public static SentenceEncoder Load(string folder)
    {
        TextTokenizer tokenizer = TextTokenizer.Load(folder);
        MoeTransformer? model = null;
        try
        {
            model = MoeTransformer.Load(folder);
            return model.Options.Encoder is not null
                ? new SentenceEncoder(model, tokenizer)
                : throw new CheckpointFormatException(Path.Combine(folder, "config.json"), null, "the model is a decoder; vectors of sentences come from an encoder");
        }
        catch
        {
            model?.Dispose();
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Vectors of length 1, one a text.</summary>
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A text is longer than the model allows, or holds half of a surrogate pair.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(
            () =>
            {
                GeneratedEmbeddings<Embedding<float>> vectors = [];
                foreach (string text in values)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    vectors.Add(new Embedding<float>(Vector(text)));
                }

                return vectors;
            },
            cancellationToken);

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _tokenizer.Dispose();
    }

    private float[] Vector(string text)
    {
        int[] ids = _tokenizer.Encode(text);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor tokens = tensor(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
        Tensor mean = _model.Encode(new TransformerInput(tokens)).Last.to(ScalarType.Float32).mean([1]);
        return nn.functional.normalize(mean, dim: 1).flatten().cpu().data<float>().ToArray();
    }
}
