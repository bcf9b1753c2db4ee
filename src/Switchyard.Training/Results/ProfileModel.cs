namespace Switchyard.Training.Results;

/// <summary>The profiled model.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Tokenizer">What made tokens of the text.</param>
/// <param name="VocabularySize">Token ids.</param>
/// <param name="HiddenSize">Hidden size d.</param>
/// <param name="Layers">Layers.</param>
/// <param name="MoeLayers">Layers with experts.</param>
/// <param name="Experts">Experts E of a layer.</param>
/// <param name="TopK">Experts a token, k.</param>
/// <param name="InnerSize">Inner size f of an expert.</param>
/// <param name="TotalParameters">All parameters.</param>
/// <param name="ActiveParameters">Parameters that one token uses.</param>
public sealed record ProfileModel(string Name, string Path, string Tokenizer, int VocabularySize, int HiddenSize, int Layers, int MoeLayers, int Experts, int TopK, int InnerSize, long TotalParameters, long ActiveParameters);
