namespace Switchyard.Training.Results;

/// <summary>Two experts of a layer that share tokens.</summary>
/// <param name="First">The lower index.</param>
/// <param name="Second">The higher index.</param>
/// <param name="Tokens">Tokens that use both.</param>
/// <param name="Overlap">Tokens that use both ÷ tokens that use either (Jaccard index).</param>
/// <param name="Independent">The overlap that independent choices of the same loads would have.</param>
public sealed record ExpertPair(int First, int Second, long Tokens, double Overlap, double Independent);
