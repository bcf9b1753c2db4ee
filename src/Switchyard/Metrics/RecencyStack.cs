namespace Switchyard.Metrics;

/// <summary>Depths in the stack of slots ordered by last use, in O(log S) a use: a Fenwick tree counts which moments are some slot's last use.</summary>
internal sealed class RecencyStack
{
    private readonly int[] _tree;
    private readonly int[] _slotAt;
    private readonly int[] _lastUse;
    private int _now;
    private int _used;

    public RecencyStack(int slots)
    {
        // Moments are numbered from 1 and renumbered when they run out: seldom enough to cost O(1) a use.
        int moments = Math.Max(64, 4 * slots);
        _tree = new int[moments + 1];
        _slotAt = new int[moments + 1];
        _lastUse = new int[slots];
    }

    /// <summary>Brings a slot to the top.</summary>
    /// <returns>Its depth before, from 1; 0 for a slot that was not there.</returns>
    public int Touch(int slot)
    {
        if (_now == _slotAt.Length - 1)
        {
            Renumber();
        }

        int last = _lastUse[slot];
        int depth = 0;
        if (last > 0)
        {
            depth = _used - CountUpTo(last) + 1;
            Add(last, -1);
            _used--;
        }

        _lastUse[slot] = ++_now;
        _slotAt[_now] = slot;
        Add(_now, 1);
        _used++;
        return depth;
    }

    private void Renumber()
    {
        int moments = _now;
        _now = 0;
        for (int moment = 1; moment <= moments; moment++)
        {
            int slot = _slotAt[moment];
            if (_lastUse[slot] == moment)
            {
                _lastUse[slot] = ++_now;
                _slotAt[_now] = slot;
            }
        }

        Array.Clear(_tree);
        for (int moment = 1; moment <= _now; moment++)
        {
            Add(moment, 1);
        }
    }

    private void Add(int moment, int change)
    {
        for (int i = moment; i < _tree.Length; i += i & -i)
        {
            _tree[i] += change;
        }
    }

    private int CountUpTo(int moment)
    {
        int count = 0;
        for (int i = moment; i > 0; i -= i & -i)
        {
            count += _tree[i];
        }

        return count;
    }
}
