using static TorchSharp.torch;

namespace Switchyard.Tests.Balancing;

/// <summary>A stand-in for training: words of Zipf frequencies whose features, and a linear router over them, walk at random with a cosine-decayed step; every sequence has one of twenty topics, which favours some words.</summary>
internal sealed class DriftingTokens
{
    private const int Words = 1000;
    private const int Features = 32;
    private const int Topics = 20;
    private const int SequenceLength = 128;

    private readonly Tensor _words;
    private readonly Tensor _router;
    private readonly Tensor _topics;

    public DriftingTokens(int experts, int seed)
    {
        random.manual_seed(seed);
        _words = randn(Words, Features);
        _words.select(1, 0).add_(1);
        _router = randn(Features, experts) / Math.Sqrt(Features);
        _topics = (randn(Topics, Words) - (arange(Words, ScalarType.Float32) + 3).log()).softmax(1);
    }

    /// <summary>Moves features and router by a random step.</summary>
    public void Walk(double size)
    {
        _words.add_(randn_like(_words), alpha: size);
        _router.add_(randn_like(_router), alpha: size / Math.Sqrt(Features));
    }

    /// <summary>Scores [tokens, E] of fresh sequences.</summary>
    public Tensor Scores(int tokens)
    {
        using var scope = NewDisposeScope();
        Tensor topic = randint(0, Topics, [tokens / SequenceLength], ScalarType.Int64);
        Tensor word = _topics[topic].multinomial(SequenceLength, true).flatten();
        Tensor x = _words[word] + (randn(tokens, Features) * 0.5);
        return x.mm(_router).MoveToOuterDisposeScope();
    }

    /// <summary>The size of step number <paramref name="step"/>: from 1 down to a tenth, along a cosine.</summary>
    public static double Decayed(int step, int steps) => 0.1 + (0.45 * (1 + Math.Cos(Math.PI * step / steps)));
}
