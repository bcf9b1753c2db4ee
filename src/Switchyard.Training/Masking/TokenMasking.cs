using Switchyard.Models;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Training.Masking;

/// <summary>Prediction of masked tokens, as BERT is trained (Devlin et al. 2018, arXiv 1810.04805, section 3.1): of n tokens round(0.15·n), at least one, are to be predicted; of these 80 % become the mask, 10 % any token, and 10 % stay.</summary>
/// <remarks>Which they are is decided by the seed and a number alone, so that two models are asked for the same tokens. Special tokens are never asked for.</remarks>
public sealed class TokenMasking
{
    /// <summary>Share of the tokens that are to be predicted.</summary>
    public const double Share = 0.15;

    private const double Masked = 0.8, Replaced = 0.1;
    private const int Draws = 64;
    private readonly TextTokenizer _tokenizer;
    private readonly int _vocabularySize;
    private readonly int _mask;
    private readonly long _seed;

    private TokenMasking(TextTokenizer tokenizer, int vocabularySize, int mask, long seed)
    {
        (_tokenizer, _vocabularySize, _mask, _seed) = (tokenizer, vocabularySize, mask, seed);
        int[] plain = tokenizer.Encode("a", addSpecial: false), full = tokenizer.Encode("a");
        int at = Math.Max(0, full.AsSpan().IndexOf(plain));
        (Prefix, Suffix) = (full[..at], full[Math.Min(full.Length, at + plain.Length)..]);
    }

    /// <summary>What the tokenizer puts before a text, such as [CLS].</summary>
    public IReadOnlyList<int> Prefix { get; }

    /// <summary>What it puts behind one, such as [SEP].</summary>
    public IReadOnlyList<int> Suffix { get; }

    /// <summary>Tokens of prefix and suffix.</summary>
    public int Frame => Prefix.Count + Suffix.Count;

    /// <summary>The masking that a model is judged and trained by: null for a decoder, which predicts the next token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer; it must live as long as this.</param>
    /// <param name="seed">Seed.</param>
    /// <exception cref="ConfigurationException">The model is an encoder without a head that predicts tokens, or its tokenizer has no mask that the model knows.</exception>
    public static TokenMasking? Of(MoeTransformer model, TextTokenizer tokenizer, long seed)
    {
        if (model.Options.Encoder is null)
        {
            return null;
        }

        int vocabulary = model.Options.VocabularySize;
        return !model.HasHead ? throw new ConfigurationException($"{Named(model)} is an encoder without a head that predicts masked tokens (cls.predictions, which BertForMaskedLM has and BertModel has not): there is no loss to judge or train it by")
            : tokenizer.MaskId is { } mask && mask < vocabulary ? new TokenMasking(tokenizer, vocabulary, mask, seed)
            : throw new ConfigurationException($"{Named(model)} is an encoder, which predicts masked tokens, and its tokenizer has no mask_token that the model knows");
    }

    private static string Named(MoeTransformer model) => model.Source is { } source ? $"'{source.Folder}'" : "the model";

    /// <summary>Masks some of the tokens in place.</summary>
    /// <param name="tokens">The tokens, [n].</param>
    /// <param name="from">The first that may be asked for.</param>
    /// <param name="to">The first behind them.</param>
    /// <param name="number">Which of the sequences these are.</param>
    /// <returns>Place and original of each token that is to be predicted, by place.</returns>
    public IReadOnlyList<(int Place, long Token)> Mask(Span<long> tokens, int from, int to, long number)
    {
        List<int> places = [];
        for (int i = from; i < to; i++)
        {
            if (!_tokenizer.IsSpecial(checked((int)tokens[i])))
            {
                places.Add(i);
            }
        }

        Random random = new(unchecked((int)(((ulong)((_seed * 1_000_003) + number) * 0x9E3779B97F4A7C15) >> 33)));
        int wanted = Math.Min(places.Count, Math.Max(1, (int)Math.Round(Share * places.Count)));
        for (int i = 0; i < wanted; i++)
        {
            int other = random.Next(i, places.Count);
            (places[i], places[other]) = (places[other], places[i]);
        }

        List<(int Place, long Token)> targets = [];
        foreach (int place in places.Take(wanted).Order())
        {
            targets.Add((place, tokens[place]));
            double luck = random.NextDouble();
            tokens[place] = luck < Masked ? _mask : luck < Masked + Replaced ? Any(random) : tokens[place];
        }

        return targets;
    }

    /// <summary>Any token that is not special.</summary>
    private long Any(Random random)
    {
        int token = random.Next(_vocabularySize);
        for (int i = 0; i < Draws && _tokenizer.IsSpecial(token); i++)
        {
            token = random.Next(_vocabularySize);
        }

        return token;
    }
}
