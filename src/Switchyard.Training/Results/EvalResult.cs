using Switchyard.Experts.Caching;

namespace Switchyard.Training.Results;

/// <summary>What <c>eval</c> found.</summary>
/// <param name="Loss">Nats a token.</param>
/// <param name="Perplexity">exp(loss).</param>
/// <param name="Tokens">Tokens judged.</param>
/// <param name="Text">The text.</param>
public sealed record EvalResult(double Loss, double Perplexity, long Tokens, string Text)
{
    /// <summary>Nats a UTF-8 byte, which compares models of different vocabularies; null where the tokenizer does not tell how many bytes a token is.</summary>
    public double? LossPerByte { get; init; }

    /// <summary>What the cache of experts did; null where there was none.</summary>
    public ExpertCacheStatistics? ExpertCache { get; init; }
}
