using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using static TorchSharp.torch;

namespace Switchyard.Training.Trainers;

/// <summary>Makes tensors of a batch.</summary>
internal static class BatchTensors
{
    /// <summary>Inputs and targets [B, N] int64, the targets one token ahead.</summary>
    public static (Tensor Inputs, Tensor Targets) Of(TokenBatch batch, int vocabularySize)
    {
        Check(batch, vocabularySize);
        Tensor tokens = tensor(batch.Tokens, [batch.Rows, batch.SequenceLength + 1L]);
        return (tokens.slice(1, 0, batch.SequenceLength, 1), tokens.slice(1, 1, batch.SequenceLength + 1L, 1));
    }

    /// <summary>Inputs and targets [B, N] int64: the first tokens of each row in the frame of the tokenizer, of which some are masked; the targets are these tokens in their places, −1 elsewhere.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="vocabularySize">Ids that the model knows.</param>
    /// <param name="masking">How tokens are masked; null for targets one token ahead.</param>
    /// <param name="number">Number of the batch, by which the tokens are chosen.</param>
    public static (Tensor Inputs, Tensor Targets) Of(TokenBatch batch, int vocabularySize, TokenMasking? masking, long number)
    {
        if (masking is null)
        {
            return Of(batch, vocabularySize);
        }

        Check(batch, vocabularySize);
        int length = batch.SequenceLength, text = length - masking.Frame;
        if (text < 1)
        {
            throw new ConfigurationException($"sequences of {length} tokens leave none between the {masking.Frame} that the tokenizer puts around a text; take longer ones");
        }

        long[] inputs = new long[batch.Rows * length], targets = new long[inputs.Length];
        Array.Fill(targets, -1);
        for (int row = 0; row < batch.Rows; row++)
        {
            Span<long> line = inputs.AsSpan(row * length, length);
            long[] framed = [.. masking.Prefix.Select(t => (long)t), .. batch.Tokens.AsSpan(row * (length + 1), text), .. masking.Suffix.Select(t => (long)t)];
            framed.CopyTo(line);
            int from = masking.Prefix.Count;
            foreach ((int place, long token) in masking.Mask(line, from, from + text, unchecked((number * 1_000_003) + row)))
            {
                targets[(row * length) + place] = token;
            }
        }

        return (tensor(inputs, [batch.Rows, length]), tensor(targets, [batch.Rows, length]));
    }

    private static void Check(TokenBatch batch, int vocabularySize)
    {
        foreach (long token in batch.Tokens)
        {
            if ((ulong)token >= (ulong)vocabularySize)
            {
                throw new ConfigurationException($"token {token} lies outside the vocabulary of {vocabularySize}");
            }
        }
    }
}
