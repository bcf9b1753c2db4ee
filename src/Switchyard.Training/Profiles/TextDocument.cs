namespace Switchyard.Training.Profiles;

/// <summary>A document to be read once, in pieces.</summary>
/// <param name="Domain">The domain that it belongs to.</param>
/// <param name="Id">Where it came from, for messages.</param>
/// <param name="Pieces">Its text in order, no piece cut within a surrogate pair.</param>
internal sealed record TextDocument(string Domain, string Id, IEnumerable<string> Pieces);
