namespace Switchyard.Training.Results;

/// <summary>What <c>eval</c> found.</summary>
/// <param name="Loss">Nats a token.</param>
/// <param name="Perplexity">exp(loss).</param>
/// <param name="Tokens">Tokens judged.</param>
/// <param name="Text">The text.</param>
public sealed record EvalResult(double Loss, double Perplexity, long Tokens, string Text);
