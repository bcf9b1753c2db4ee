namespace Switchyard.Training.Corpora;

/// <summary>One document of a corpus: what the split into training and held-out text treats as a whole.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Domain">The domain that specialisation is measured over.</param>
/// <param name="Id">Where it came from, for messages.</param>
public sealed record Document(string Text, string Domain, string Id);
