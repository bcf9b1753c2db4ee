using Switchyard.Metrics;

namespace Switchyard.Training.Trainers;

/// <summary>What a model does on held-out text, in inference.</summary>
/// <param name="Loss">Nats a token.</param>
/// <param name="Tokens">Tokens judged.</param>
/// <param name="Routing">The recorded routing.</param>
public sealed record Evaluation(double Loss, long Tokens, LoadRecorder? Routing);
