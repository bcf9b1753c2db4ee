using Switchyard.Training.Corpora;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>Makes tensors of a batch.</summary>
internal static class BatchTensors
{
    /// <summary>Inputs and targets [B, N] int64, the targets one token ahead.</summary>
    public static (Tensor Inputs, Tensor Targets) Of(TokenBatch batch, int vocabularySize)
    {
        foreach (long token in batch.Tokens)
        {
            if ((ulong)token >= (ulong)vocabularySize)
            {
                throw new ConfigurationException($"token {token} lies outside the vocabulary of {vocabularySize}");
            }
        }

        Tensor tokens = tensor(batch.Tokens, [batch.Rows, batch.SequenceLength + 1L]);
        return (tokens.slice(1, 0, batch.SequenceLength, 1), tokens.slice(1, 1, batch.SequenceLength + 1L, 1));
    }
}
