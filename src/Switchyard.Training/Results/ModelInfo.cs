namespace Switchyard.Training.Results;

/// <summary>Shape of the compared models.</summary>
/// <param name="HiddenSize">Hidden size d.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Experts">Experts E of a layer.</param>
/// <param name="TopK">Experts a token, k.</param>
/// <param name="InnerSize">Inner size f of an expert.</param>
/// <param name="SequenceLength">Tokens of a sequence.</param>
/// <param name="BatchTokens">Tokens of a step.</param>
/// <param name="Steps">Steps of each row.</param>
/// <param name="Seeds">Seeds that were run.</param>
public sealed record ModelInfo(int HiddenSize, int Layers, int Experts, int TopK, int InnerSize, int SequenceLength, int BatchTokens, int Steps, IReadOnlyList<long> Seeds);
