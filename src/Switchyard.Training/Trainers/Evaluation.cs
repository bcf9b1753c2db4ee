using Switchyard.Metrics;

namespace Switchyard.Training.Trainers;

/// <summary>What a model does on held-out text, in inference.</summary>
/// <param name="Loss">Nats a token.</param>
/// <param name="Tokens">Tokens judged.</param>
/// <param name="Routing">The recorded routing.</param>
public sealed record Evaluation(double Loss, long Tokens, LoadRecorder? Routing)
{
    /// <summary>UTF-8 bytes that the judged tokens stand for; null where the tokenizer does not tell.</summary>
    public long? Bytes { get; init; }

    /// <summary>Nats a byte, which compares models of different vocabularies; null where the bytes are unknown.</summary>
    public double? LossPerByte => Bytes == Tokens ? Loss : Loss * Tokens / Bytes;
}
