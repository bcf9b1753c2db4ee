namespace Switchyard.Training.Trainers;

/// <summary>What the backward of one batch reports.</summary>
/// <param name="Loss">Loss, nats a token, without auxiliary terms.</param>
/// <param name="AuxiliaryTerms">Auxiliary terms by name.</param>
/// <param name="Drops">Pairs dropped.</param>
internal sealed record BatchResult(double Loss, IReadOnlyDictionary<string, double> AuxiliaryTerms, long Drops);
