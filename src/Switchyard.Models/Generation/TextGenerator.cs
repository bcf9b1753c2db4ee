using System.Runtime.CompilerServices;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using static TorchSharp.torch;

namespace Switchyard.Models.Generation;

/// <summary>Continues texts with a model, token by token over a cache of keys and values. One text at a time.</summary>
public sealed class TextGenerator : IDisposable
{
    private readonly bool _owned;
    private readonly HashSet<int> _endTokens;

    /// <summary>Makes a generator of a model and a tokenizer, which stay the caller's.</summary>
    /// <param name="model">A decoder; it is set to inference.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="endTokens">Ids that end a text; null for the one of the tokenizer, if it has one.</param>
    /// <exception cref="ArgumentException">The model cannot continue a text: see <see cref="MoeTransformer.CannotContinue"/>.</exception>
    public TextGenerator(MoeTransformer model, TextTokenizer tokenizer, IReadOnlyList<int>? endTokens = null)
    {
        if (model.CannotContinue is { } reason)
        {
            throw new ArgumentException(reason, nameof(model));
        }

        Model = model;
        Tokenizer = tokenizer;
        _endTokens = [.. endTokens ?? (tokenizer.EndId is int end ? [end] : [])];
        model.eval();
    }

    private TextGenerator(MoeTransformer model, TextTokenizer tokenizer, IReadOnlyList<int> endTokens, bool owned)
        : this(model, tokenizer, endTokens) => _owned = owned;

    /// <summary>The model.</summary>
    public MoeTransformer Model { get; }

    /// <summary>Its tokenizer.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>Opens model, tokenizer and the ids that end a text from a folder; disposing the generator disposes them.</summary>
    /// <exception cref="CheckpointFormatException">A file is missing or damaged, or the model cannot continue a text.</exception>
    /// <param name="folder">The folder of a model, or of a repository in a hub cache.</param>
    /// <param name="options">How the model is read.</param>
    /// <param name="tokenizer">Another tokenizer than that in the folder, which becomes the generator's own.</param>
    public static TextGenerator Load(string folder, ModelLoadOptions? options = null, TextTokenizer? tokenizer = null)
    {
        folder = HubFolder.Resolve(folder);
        tokenizer ??= TextTokenizer.Load(folder);
        MoeTransformer? model = null;
        try
        {
            IReadOnlyList<int> listed = GenerationConfiguration.Read(folder).EndTokens;
            model = MoeTransformer.Load(folder, options);
            if (model.CannotContinue is { } reason)
            {
                throw new CheckpointFormatException(Path.Combine(folder, "config.json"), null, reason);
            }

            return new TextGenerator(model, tokenizer, [.. listed.Concat(tokenizer.EndId is int end ? [end] : []).Distinct()], owned: true);
        }
        catch
        {
            model?.Dispose();
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellation">Stops before the next token.</param>
    /// <exception cref="ArgumentException">The prompt is empty, or too long for the model.</exception>
    /// <exception cref="ConfigurationException">An option is out of its range.</exception>
    public IAsyncEnumerable<GeneratedToken> ContinueAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        ContinueAsync(Tokenizer.Encode(prompt), options, cancellation);

    /// <summary>Continues ids, as above.</summary>
    /// <inheritdoc cref="ContinueAsync(string, GenerationOptions?, CancellationToken)"/>
    public IAsyncEnumerable<GeneratedToken> ContinueAsync(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new GenerationOptions();
        options.Validate();
        if (prompt.Count == 0)
        {
            throw new ArgumentException("the prompt is empty; give at least one token to go on from", nameof(prompt));
        }

        foreach (int id in prompt)
        {
            if (id < 0 || id >= Model.Options.VocabularySize)
            {
                throw new ArgumentException($"the prompt has the token {id}; the model's vocabulary has {Model.Options.VocabularySize}", nameof(prompt));
            }
        }

        return Generate([.. prompt], options, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owned)
        {
            Model.Dispose();
            Tokenizer.Dispose();
        }
    }

    private async IAsyncEnumerable<GeneratedToken> Generate(int[] fresh, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using KeyValueCache cache = Model.NewCache();
        if (fresh.Length > cache.Longest)
        {
            throw new ArgumentException($"the prompt has {fresh.Length} tokens; the model was made for {cache.Longest}", nameof(fresh));
        }

        Sampler sampler = new(options.Sampling);
        StopStrings stops = new(options.StopStrings);
        StreamingDecoder decoder = Tokenizer.Stream();
        LeadingExperts? experts = options.RecordRouting ? new LeadingExperts() : null;
        HashSet<int> seen = [.. fresh];
        for (int made = 1; ; made++)
        {
            int[] tokens = fresh;
            float[] logits = await Task.Run(() => Logits(tokens, cache, experts), cancellation);
            int id = sampler.Next(logits.AsSpan(0, Math.Min(logits.Length, Tokenizer.VocabularySize)), seen);
            bool ends = !options.IgnoreEndTokens && _endTokens.Contains(id);
            string text = stops.Add(decoder.Add(id));
            FinishReason? finish = ends ? FinishReason.EndToken
                : stops.Met ? FinishReason.StopString
                : made == options.MaxTokens || cache.Length == cache.Longest ? FinishReason.Length
                : null;
            if (finish is FinishReason.EndToken or FinishReason.Length)
            {
                text += stops.Add(decoder.Finish()) + stops.Finish();
            }

            yield return new GeneratedToken(id, text, finish) { Experts = experts?.Take() ?? [] };
            if (finish is not null)
            {
                yield break;
            }

            seen.Add(id);
            fresh = [id];
        }
    }

    private float[] Logits(int[] tokens, KeyValueCache cache, LeadingExperts? experts)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor input = tensor(Array.ConvertAll(tokens, id => (long)id), [1, tokens.Length]);
        return Model.Run(new TransformerInput(input) { Cache = cache, LastLogitsOnly = true }, experts).Logits.flatten().cpu().data<float>().ToArray();
    }
}
