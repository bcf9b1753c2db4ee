using System.Numerics;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Attention;

public sealed unsafe partial class CausalAttention
{
    private void Mix(KernelEngine engine, int member, AttentionWork work, HeadMemory output, float* logSums)
    {
        int seen = Math.Min(Tokens, work.ToBlock * QueryBlock), start = work.FromBlock * QueryBlock;
        var memory = new ForwardMemory(engine.Scratch[member], seen, Math.Min(KeyBlock, seen), HeadSize, ValueSize);
        Queries.Prefetch(work.Sequence, start, seen, work.FromKeyHead * Group);
        for (int keyHead = work.FromKeyHead; keyHead < work.ToKeyHead; keyHead++)
        {
            Panel.Gather(Keys.At(work.Sequence, 0, keyHead), (nint)Keys.TokenStride, seen, HeadSize, memory.Keys, Pitch(HeadSize));
            Slice(Values.At(work.Sequence, 0, keyHead), (nint)Values.TokenStride, seen, ValueSize, memory.Values);
            if (keyHead + 1 < work.ToKeyHead)
            {
                Keys.Prefetch(work.Sequence, 0, seen, keyHead + 1);
                Values.Prefetch(work.Sequence, 0, seen, keyHead + 1);
            }
            for (int head = keyHead * Group; head < (keyHead + 1) * Group; head++)
            {
                float* logs = logSums == null ? null : logSums + ((((nint)work.Sequence * Heads) + head) * Tokens);
                for (int first = start; first < seen; first += QueryBlock)
                {
                    if (first + QueryBlock < seen)
                        Queries.Prefetch(work.Sequence, first + QueryBlock, seen, head);
                    else if (head + 1 < work.ToKeyHead * Group)
                        Queries.Prefetch(work.Sequence, start, seen, head + 1);
                    MixQueries(engine.Tiles, memory, work.Sequence, head, first, Math.Min(QueryBlock, seen - first), seen, output, logs);
                }
            }
        }
    }

    /// <summary>O and L of a block of queries.</summary>
    private void MixQueries(TileKernels tiles, ForwardMemory memory, int sequence, int head, int first, int count, int seen, HeadMemory output, float* logs)
    {
        output.Prefetch(sequence, first, seen, head);
        var softmax = new OnlineSoftmax(memory.State, BaseTwoScale);
        Turn(Queries, new AttentionBlock(0, 0, first, count), sequence, head, HeadSize, memory.QueryPanels);
        for (int key = 0; key < first + count; key += KeyBlock)
        {
            var block = new AttentionBlock(key, Math.Min(KeyBlock, first + count - key), first, count);
            for (int panel = 0; panel < block.Panels; panel++)
            {
                Multiply(tiles, block, panel, memory.Keys + ((nint)key * Pitch(HeadSize)), Pitch(HeadSize), HeadSize, memory.QueryPanels, memory.Scores);
                softmax.Add(block, panel, memory.Scores);
            }
            if (key > 0)
                Shrink(memory.Sums, count, softmax.Factors);
            SumOverKeys(tiles, block, memory.Scores, memory.Values, seen, ValueSize, memory.Sums);
        }
        for (int query = 0; query < count; query++)
        {
            Write(memory.Sums + (query * Panel.Lanes), 1 / softmax.Sums[query], ValueSize, output.At(sequence, first + query, head), QueryBlock);
            if (logs != null)
                logs[first + query] = softmax.LogSum(query);
        }
    }

    /// <summary>Multiplies what is summed so far by a factor for each query.</summary>
    private void Shrink(float* sums, int count, float* factors)
    {
        for (int slice = 0; slice < Sliced(ValueSize); slice += Panel.Lanes)
        {
            for (int query = 0; query < count; query++)
            {
                float* line = sums + ((nint)slice * QueryBlock) + (query * Panel.Lanes);
                for (int i = 0; i < Panel.Lanes; i += Vector<float>.Count)
                    Vector.Store(Vector.Load(line + i) * factors[query], line + i);
            }
        }
    }

    /// <summary>A finished row, multiplied by a factor.</summary>
    /// <param name="line">Its first 32 values; the next are <paramref name="height"/> lines on.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="size">Values.</param>
    /// <param name="target">[size].</param>
    /// <param name="height">Lines of a panel.</param>
    private static void Write(float* line, float factor, int size, float* target, int height)
    {
        for (int at = 0; at < size; at += Panel.Lanes, line += (nint)height * Panel.Lanes)
        {
            int width = Math.Min(Panel.Lanes, size - at), i = 0;
            for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
                Vector.Store(Vector.Load(line + i) * factor, target + at + i);
            for (; i < width; i++)
                target[at + i] = line[i] * factor;
        }
    }
}
