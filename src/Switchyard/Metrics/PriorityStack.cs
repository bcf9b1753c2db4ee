using System.Numerics;
using System.Runtime.InteropServices;

namespace Switchyard.Metrics;

/// <summary>The stack of all slots under a replacement policy that evicts the slot of lowest priority: its first m are what a cache of m slots holds.</summary>
/// <remarks>
/// The used slot goes to the top; the slot that was there is carried down, and at each level changes places with a slot of lower
/// priority, until it fills the level that the used slot has left. A block none of whose slots has a lower priority is passed over at once.
/// </remarks>
internal sealed class PriorityStack
{
    private const int Block = 64;

    private readonly int[] _slotAt;
    private readonly long[] _priorityAt;
    private readonly long[] _lowestOf;
    private readonly int[] _levelOf;
    private int _count;

    public PriorityStack(int slots)
    {
        int blocks = (slots + Block - 1) / Block;
        _slotAt = new int[slots];
        _levelOf = new int[slots];
        _priorityAt = new long[blocks * Block];
        _lowestOf = new long[blocks];
        Array.Fill(_levelOf, -1);
        Array.Fill(_priorityAt, long.MaxValue);
        Array.Fill(_lowestOf, long.MaxValue);
    }

    /// <summary>Uses a slot, which has a new priority from now on. Priorities of different slots differ.</summary>
    /// <returns>Its depth before, from 1; 0 for a slot that was not there.</returns>
    public int Touch(int slot, long priority)
    {
        int depth = _levelOf[slot] + 1;
        int level = depth == 0 ? _count++ : depth - 1;
        int carried = _slotAt[0];
        long carriedPriority = _priorityAt[0];
        Put(0, slot, priority);
        if (level > 0)
        {
            CarryDown(level, ref carried, ref carriedPriority);
            Put(level, carried, carriedPriority);
            Survey(level / Block);
        }

        Survey(0);
        return depth;
    }

    /// <summary>Takes what is carried from level 1 to above a level.</summary>
    private void CarryDown(int level, ref int carried, ref long carriedPriority)
    {
        for (int block = 0; block * Block < level; block++)
        {
            if (_lowestOf[block] > carriedPriority)
            {
                continue;
            }

            int end = Math.Min(level, (block + 1) * Block);
            for (int i = Math.Max(1, block * Block); (i = Lower(i, end, carriedPriority)) < end; i++)
            {
                int other = _slotAt[i];
                long here = _priorityAt[i];
                Put(i, carried, carriedPriority);
                (carried, carriedPriority) = (other, here);
            }

            Survey(block);
        }
    }

    /// <summary>The first level from i on, and before end, whose priority is lower; end or a later level where there is none.</summary>
    private int Lower(int i, int end, long priority)
    {
        for (; i < end; i++)
        {
            if (i % Vector<long>.Count == 0)
            {
                while (i < end && !Vector.LessThanAny(new Vector<long>(_priorityAt, i), new Vector<long>(priority)))
                {
                    i += Vector<long>.Count;
                }
            }

            if (i < end && _priorityAt[i] < priority)
            {
                return i;
            }
        }

        return i;
    }

    private void Put(int level, int slot, long priority)
    {
        _slotAt[level] = slot;
        _priorityAt[level] = priority;
        _levelOf[slot] = level;
    }

    private void Survey(int block)
    {
        // A block is a whole number of vectors of any width.
        ReadOnlySpan<Vector<long>> vectors = MemoryMarshal.Cast<long, Vector<long>>(_priorityAt.AsSpan(block * Block, Block));
        Vector<long> least = vectors[0];
        foreach (Vector<long> v in vectors)
        {
            least = Vector.Min(least, v);
        }

        long lowest = long.MaxValue;
        for (int lane = 0; lane < Vector<long>.Count; lane++)
        {
            lowest = Math.Min(lowest, least[lane]);
        }

        _lowestOf[block] = lowest;
    }
}
