using System.Numerics;
using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Attention;

public sealed unsafe partial class CausalAttention
{
    /// <summary>All gradients of some groups of heads: one thread adds what the queries give to keys and values, head by head, in rising order of blocks.</summary>
    private void Differentiate(KernelEngine engine, int member, AttentionWork work, AttentionGradients gradients)
    {
        var memory = new BackwardMemory(engine.Scratch[member], Tokens, Math.Min(KeyBlock, Tokens), HeadSize, ValueSize);
        Prefetch(work.Sequence, 0, work.FromKeyHead * Group, gradients);
        for (int keyHead = work.FromKeyHead; keyHead < work.ToKeyHead; keyHead++)
        {
            Panel.Gather(Keys.At(work.Sequence, 0, keyHead), (nint)Keys.TokenStride, Tokens, HeadSize, memory.Keys, Pitch(HeadSize));
            Panel.Gather(Values.At(work.Sequence, 0, keyHead), (nint)Values.TokenStride, Tokens, ValueSize, memory.Values, Pitch(ValueSize));
            if (memory.KeySlices != memory.Keys)
                Slice(Keys.At(work.Sequence, 0, keyHead), (nint)Keys.TokenStride, Tokens, HeadSize, memory.KeySlices);
            if (keyHead + 1 < work.ToKeyHead)
            {
                Keys.Prefetch(work.Sequence, 0, Tokens, keyHead + 1);
                Values.Prefetch(work.Sequence, 0, Tokens, keyHead + 1);
            }
            for (int head = keyHead * Group; head < (keyHead + 1) * Group; head++)
            {
                for (int first = 0; first < Tokens; first += QueryBlock)
                {
                    if (first + QueryBlock < Tokens)
                        Prefetch(work.Sequence, first + QueryBlock, head, gradients);
                    else if (head + 1 < work.ToKeyHead * Group)
                        Prefetch(work.Sequence, 0, head + 1, gradients);
                    AddQueries(engine.Tiles, memory, work.Sequence, head, first, Math.Min(QueryBlock, Tokens - first), gradients);
                }
            }
            for (int token = 0; token < Tokens; token++)
            {
                Write(memory.KeySums + ((nint)token * Panel.Lanes), Scale, HeadSize, gradients.Keys.At(work.Sequence, token, keyHead), Tokens);
                Write(memory.ValueSums + ((nint)token * Panel.Lanes), 1, ValueSize, gradients.Values.At(work.Sequence, token, keyHead), Tokens);
            }
        }
    }

    /// <summary>dQ of a block of queries, and what they add to dK and dV.</summary>
    private void AddQueries(TileKernels tiles, BackwardMemory memory, int sequence, int head, int first, int count, AttentionGradients gradients)
    {
        gradients.Queries.Prefetch(sequence, first, Tokens, head);
        var queries = new AttentionBlock(0, 0, first, count);
        Turn(Queries, queries, sequence, head, HeadSize, memory.QueryPanels);
        Turn(gradients.Slope, queries, sequence, head, ValueSize, memory.SlopePanels);
        Slice(Queries.At(sequence, first, head), (nint)Queries.TokenStride, count, HeadSize, memory.QuerySlices);
        Slice(gradients.Slope.At(sequence, first, head), (nint)gradients.Slope.TokenStride, count, ValueSize, memory.SlopeSlices);
        float* logs = gradients.LogSums + ((((nint)sequence * Heads) + head) * Tokens) + first;
        for (int query = 0; query < QueryBlock; query++)
        {
            memory.LogSums[query] = query < count ? logs[query] : 0;
            memory.Dots[query] = query < count ? Dot(gradients.Slope.At(sequence, first + query, head), gradients.Output.At(sequence, first + query, head), ValueSize) : 0;
        }
        bool isFirstHead = head % Group == 0;
        for (int key = 0; key < first + count; key += KeyBlock)
        {
            var block = new AttentionBlock(key, Math.Min(KeyBlock, first + count - key), first, count);
            for (int panel = 0; panel < block.Panels; panel++)
            {
                Multiply(tiles, block, panel, memory.Keys + ((nint)key * Pitch(HeadSize)), Pitch(HeadSize), HeadSize, memory.QueryPanels, memory.Probabilities);
                Multiply(tiles, block, panel, memory.Values + ((nint)key * Pitch(ValueSize)), Pitch(ValueSize), ValueSize, memory.SlopePanels, memory.Slopes);
                SoftmaxGradient.Apply(block, panel, memory.Probabilities, memory.Slopes, BaseTwoScale, memory.LogSums, memory.Dots);
            }
            SumOverQueries(tiles, block, memory.Probabilities, memory.SlopeSlices, ValueSize, memory.ValueSums, isFirstHead);
            SumOverQueries(tiles, block, memory.Slopes, memory.QuerySlices, HeadSize, memory.KeySums, isFirstHead);
            SumOverKeys(tiles, block, memory.Slopes, memory.KeySlices, Tokens, HeadSize, memory.Sums);
        }
        for (int query = 0; query < count; query++)
            Write(memory.Sums + (query * Panel.Lanes), Scale, HeadSize, gradients.Queries.At(sequence, first + query, head), QueryBlock);
    }

    private void Prefetch(int sequence, int first, int head, AttentionGradients gradients)
    {
        Queries.Prefetch(sequence, first, Tokens, head);
        gradients.Slope.Prefetch(sequence, first, Tokens, head);
        gradients.Output.Prefetch(sequence, first, Tokens, head);
    }

    /// <summary>target[key] = (or continues) Σ over the queries that see a tile of keys of block[key, query] · right[query].</summary>
    /// <param name="tiles">Kernels.</param>
    /// <param name="block">Which keys and queries.</param>
    /// <param name="weights">[keys, 96].</param>
    /// <param name="right">Rows of the queries in panels, [⌈size/32⌉, queries, 32].</param>
    /// <param name="size">Values of a row.</param>
    /// <param name="target">[⌈size/32⌉, N, 32].</param>
    /// <param name="isFirstHead">Whether nothing stands yet at keys that only this block's queries, and later ones, see.</param>
    private void SumOverQueries(TileKernels tiles, AttentionBlock block, float* weights, float* right, int size, float* target, bool isFirstHead)
    {
        TileArguments tile = default;
        tile.AStride = BlockBytes;
        tile.CStride = LineBytes;
        for (int key = 0; key < block.KeyCount; key += TileKernels.MaxRows)
        {
            int rows = Math.Min(TileKernels.MaxRows, block.KeyCount - key), half = (rows + 1) / 2;
            int from = Math.Max(0, block.FirstKey + key - block.FirstQuery);
            TileOutput output = isFirstHead && block.FirstKey + key >= block.FirstQuery ? TileOutput.Store : TileOutput.Continue;
            tile.A0 = weights + ((nint)key * QueryBlock) + from;
            tile.A1 = tile.A0 + (half * QueryBlock);
            tile.K = block.QueryCount - from;
            for (int at = 0, slice = 0; at < size; at += Panel.Lanes, slice++)
            {
                tile.B = right + (((nint)(slice * block.QueryCount) + from) * Panel.Lanes);
                tile.C0 = target + ((((nint)slice * Tokens) + block.FirstKey + key) * Panel.Lanes);
                tile.C1 = tile.C0 + (half * Panel.Lanes);
                tiles.Multiply(&tile, rows, Math.Min(Panel.Lanes, size - at), TileOperand.Rows, output);
            }
        }
    }

    private static float Dot(float* a, float* b, int size)
    {
        Vector<float> sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= size - Vector<float>.Count; i += Vector<float>.Count)
            sums += Vector.Load(a + i) * Vector.Load(b + i);
        float sum = Vector.Sum(sums);
        for (; i < size; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
