using Microsoft.Extensions.AI;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using static TorchSharp.torch;

namespace Switchyard.Models.Generation;

/// <summary>Vectors of sentences from an encoder such as MiniLM: the mean of the last hidden states over the tokens, divided by its length (Reimers and Gurevych, "Sentence-BERT", 2019).</summary>
public sealed class SentenceEncoder : IEmbeddingGenerator<string, Embedding<float>>
{
    private const int MostTokens = 4096;
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

    /// <summary>Vectors of length 1, one a text, in the order of the texts. Texts of similar length are run together, short ones filled up with tokens that nothing sees.</summary>
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A text is longer than the model allows, has no token, or holds half of a surrogate pair.</exception>
    /// <exception cref="NotSupportedException">Vectors of another size than the model's are asked for.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options?.Dimensions is int size && size != _model.Options.HiddenSize)
        {
            throw new NotSupportedException($"vectors of {size} numbers are asked for; those of the model have {_model.Options.HiddenSize}");
        }

        return Task.Run(
            () =>
            {
                int[][] texts = [.. values.Select(Tokens)];
                float[][] vectors = new float[texts.Length][];
                foreach (int[] batch in Batches(texts))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    float[] joined = Vectors([.. batch.Select(i => texts[i])]);
                    foreach ((int text, float[] vector) in batch.Zip(joined.Chunk(_model.Options.HiddenSize)))
                    {
                        vectors[text] = vector;
                    }
                }

                return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(v => new Embedding<float>(v)));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _tokenizer.Dispose();
    }

    private int[] Tokens(string text, int number)
    {
        int[] ids = _tokenizer.Encode(text);
        return ids.Length == 0 ? throw new ArgumentException($"text {number} has no token", nameof(text))
            : ids.Length > _model.Options.LongestSequence ? throw new ArgumentException($"text {number} has {ids.Length} tokens; the model was made for {_model.Options.LongestSequence}", nameof(text))
            : ids;
    }

    /// <summary>Numbers of texts that are run together, by length, with no more than <see cref="MostTokens"/> places (one text may have more).</summary>
    private static IEnumerable<int[]> Batches(int[][] texts)
    {
        List<int> batch = [];
        foreach (int i in Enumerable.Range(0, texts.Length).OrderBy(i => texts[i].Length))
        {
            if (batch.Count > 0 && (batch.Count + 1) * texts[i].Length > MostTokens)
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(i);
        }

        if (batch.Count > 0)
        {
            yield return [.. batch];
        }
    }

    /// <summary>The vectors of texts, [B · d]; each is the mean over the text's own tokens.</summary>
    private float[] Vectors(int[][] texts)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        int length = texts.Max(t => t.Length);
        long fill = _tokenizer.PadId ?? 0;
        long[] ids = [.. texts.SelectMany(t => t.Select(id => (long)id).Concat(Enumerable.Repeat(fill, length - t.Length)))];
        bool[] real = [.. texts.SelectMany(t => Enumerable.Range(0, length).Select(n => n < t.Length))];
        Tensor mask = tensor(real, [texts.Length, length]);
        TransformerInput input = new(tensor(ids, [texts.Length, length])) { Mask = texts.All(t => t.Length == length) ? null : mask };
        Tensor weights = mask.to(ScalarType.Float32).unsqueeze(2);
        Tensor mean = (_model.Encode(input).Last.to(ScalarType.Float32) * weights).sum(1) / weights.sum(1);
        return nn.functional.normalize(mean, dim: 1).flatten().cpu().data<float>().ToArray();
    }
}
