namespace Switchyard.Training.Corpora;

/// <summary>Sequences of tokens for one step: tokens 0 … N−1 of a row are the input, 1 … N what is to be predicted.</summary>
/// <param name="Tokens">[B, N+1] row by row: UTF-8 bytes 0 … 255, or ids of a <see cref="CorpusVocabulary"/>.</param>
/// <param name="Domains">[B] the domain that most of a row's tokens belong to, an index into <see cref="PackedCorpus.Domains"/>; −1 for held-out rows of several domains.</param>
/// <param name="SequenceLength">N.</param>
public sealed record TokenBatch(long[] Tokens, int[] Domains, int SequenceLength)
{
    /// <summary>B.</summary>
    public int Rows => Domains.Length;
}
