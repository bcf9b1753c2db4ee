using System.Text.Json.Serialization;

namespace Switchyard.Training.Runs;

/// <summary>A window that has begun, as a checkpoint keeps it, so that a run that was stopped logs the same as one that was not. The loss of a skipped step may be no number.</summary>
/// <param name="Steps">Steps in it.</param>
/// <param name="Loss">Sum of their losses.</param>
/// <param name="AuxiliaryTerms">Sums of their auxiliary terms, by name.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Seconds">Their time.</param>
/// <param name="Drops">Their dropped pairs.</param>
/// <param name="Loads">Pairs by MoE layer and expert, [layers][E].</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
internal sealed record TrainingWindowState(int Steps, double Loss, IReadOnlyDictionary<string, double> AuxiliaryTerms, long Tokens, double Seconds, long Drops, IReadOnlyList<IReadOnlyList<long>> Loads);
