using System.Numerics;
using Switchyard.Kernels.Panels;

namespace Switchyard.Kernels.Attention;

public sealed unsafe partial class CausalAttention
{
    private void Mix(KernelEngine engine, int member, AttentionWork work, HeadMemory output, float* logSums)
    {
        int seen = Math.Min(Tokens, work.ToBlock * QueryBlock), pitch = Pitch(HeadSize);
        long keyLength = (long)seen * pitch, valueLength = (long)seen * Sliced(ValueSize);
        long panelLength = QueryBlock * (long)HeadSize, scoreLength = (long)Math.Min(KeyBlock, seen) * QueryBlock;
        float* keys = engine.Scratch[member].Floats(keyLength + valueLength + panelLength + scoreLength + (QueryBlock * (long)Sliced(ValueSize)) + (3 * QueryBlock));
        float* values = keys + keyLength, panels = values + valueLength, scores = panels + panelLength;
        float* sums = scores + scoreLength, state = sums + (QueryBlock * (long)Sliced(ValueSize));
        Panel.Gather(Keys.At(work.Sequence, 0, work.KeyHead), (nint)Keys.TokenStride, seen, HeadSize, keys, pitch);
        Slice(Values.At(work.Sequence, 0, work.KeyHead), (nint)Values.TokenStride, seen, ValueSize, values);
        for (int head = work.KeyHead * Group; head < (work.KeyHead + 1) * Group; head++)
        {
            float* logs = logSums == null ? null : logSums + ((((nint)work.Sequence * Heads) + head) * Tokens);
            for (int first = work.FromBlock * QueryBlock; first < seen; first += QueryBlock)
            {
                int count = Math.Min(QueryBlock, seen - first);
                if (first == work.FromBlock * QueryBlock)
                    Queries.Prefetch(work.Sequence, first, count, head, HeadSize);
                Queries.Prefetch(work.Sequence, first + count, Math.Min(QueryBlock, seen - first - count), head, HeadSize);
                var softmax = new OnlineSoftmax(state, BaseTwoScale);
                Turn(Queries, new AttentionBlock(0, 0, first, count), work.Sequence, head, HeadSize, panels);
                for (int key = 0; key < first + count; key += KeyBlock)
                {
                    var block = new AttentionBlock(key, Math.Min(KeyBlock, first + count - key), first, count);
                    Multiply(engine.Tiles, block, keys + ((nint)key * pitch), pitch, HeadSize, panels, scores);
                    softmax.Add(block, scores);
                    if (key > 0)
                        Shrink(sums, count, softmax.Factors);
                    SumOverKeys(engine.Tiles, block, scores, values, seen, ValueSize, sums);
                }
                for (int query = 0; query < count; query++)
                    Write(sums + (query * Panel.Lanes), 1 / softmax.Sums[query], ValueSize, output.At(work.Sequence, first + query, head), QueryBlock);
                for (int query = 0; query < count && logs != null; query++)
                    logs[first + query] = softmax.LogSum(query);
            }
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
