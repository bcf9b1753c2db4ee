namespace Switchyard.Experts.Caching;

/// <summary>
/// The experts of all layers of a model in memory of bounded size: those that a run touches are read into it, and leave when others need their place, the least recently used first,
/// frequent use weighing against it. Experts in use never leave; a run of more experts than there is room for goes in portions.
/// </summary>
/// <remarks>
/// Slots are as large as the largest expert and are allocated as they are first used. Several threads may run at once; one that finds too few free slots waits for the others' runs.
/// Inference only: nothing can be kept for a backward pass.
/// </remarks>
public sealed class ExpertCache : IDisposable
{
    /// <summary>Passes through all layers after which a use counts half as much as a new one.</summary>
    internal const int HalfLife = 64;

    /// <summary>Reads under way at once: a drive answers several sooner than one after the other.</summary>
    private const int ReadsAtOnce = 4;

    private readonly object _gate = new();
    private readonly IExpertSource[] _layers;
    private readonly int[] _firstItem;
    private readonly List<ExpertSlot> _slots = [];
    private readonly ExpertSlot?[] _slotOf;
    private readonly UseOrder _order;
    private long _hits, _misses, _bytesRead;
    private bool _disposed;

    /// <summary>An empty cache.</summary>
    /// <param name="bytes">The most that it may take.</param>
    /// <param name="layers">The experts of each MoE layer.</param>
    /// <exception cref="ConfigurationException">It is too small for the largest expert.</exception>
    public ExpertCache(long bytes, IReadOnlyList<IExpertSource> layers)
    {
        Bytes = bytes;
        _layers = [.. layers];
        _firstItem = new int[_layers.Length + 1];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _firstItem[layer + 1] = _firstItem[layer] + _layers[layer].Experts;
            for (int e = 0; e < _layers[layer].Experts; e++)
            {
                SlotBytes = Math.Max(SlotBytes, _layers[layer].BytesOf(e));
            }
        }

        if (SlotBytes > bytes)
        {
            throw new ConfigurationException($"expertCacheBytes is {bytes:N0}, but an expert has {SlotBytes:N0} bytes; at least one must fit, and {Math.Max(1, _layers.Length)} layers want as many as a token visits");
        }

        int items = _firstItem[^1];
        Slots = items == 0 ? 0 : (int)Math.Min(items, bytes / SlotBytes);
        _slotOf = new ExpertSlot?[items];
        _order = new UseOrder(items, (double)HalfLife * _layers.Length);
    }

    /// <summary>The most bytes that it takes.</summary>
    public long Bytes { get; }

    /// <summary>Bytes of the largest expert, which each is given.</summary>
    public long SlotBytes { get; }

    /// <summary>Experts that it holds at most.</summary>
    public int Slots { get; }

    /// <summary>What it has done so far.</summary>
    public ExpertCacheStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return new ExpertCacheStatistics(_hits, _misses, _bytesRead) { CacheBytes = Bytes, UsedBytes = _slots.Count * SlotBytes, Slots = Slots };
            }
        }
    }

    /// <summary>Waits for runs under way and frees the memory.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_slots.Any(s => s.Users > 0))
            {
                Monitor.Wait(_gate);
            }

            _slots.ForEach(s => s.Dispose());
            _slots.Clear();
            Array.Clear(_slotOf);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Experts of a layer, read where they are not there yet.</summary>
    /// <param name="layer">Which of the layers.</param>
    /// <param name="experts">Distinct experts, at most <see cref="Slots"/>.</param>
    /// <exception cref="IOException">One cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The cache is gone.</exception>
    internal ExpertLease Take(int layer, IReadOnlyList<int> experts)
    {
        if (experts.Count > Slots)
        {
            throw new ArgumentException($"{experts.Count} experts at once; there is room for {Slots}", nameof(experts));
        }

        int[] items = [.. experts.Select(e => _firstItem[layer] + e)];
        (ExpertSlot[] slots, List<Task> missing) = Reserve(items);
        try
        {
            Parallel.ForEach(missing, new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce }, load => load.RunSynchronously(TaskScheduler.Default));
            return new ExpertLease(this, slots, [.. slots.Select(s => s.Load!.GetAwaiter().GetResult())]);
        }
        catch
        {
            Release(slots);
            throw;
        }
    }

    /// <summary>Gives back what <see cref="Take"/> gave.</summary>
    internal void Release(ExpertSlot[] slots)
    {
        lock (_gate)
        {
            foreach (ExpertSlot slot in slots)
            {
                slot.Users--;
                if (slot.Load!.IsFaulted && slot.Item >= 0)
                {
                    Empty(slot);
                }
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Whether an expert is in memory, or on the way there.</summary>
    internal bool Holds(int layer, int expert)
    {
        lock (_gate)
        {
            return _slotOf[_firstItem[layer] + expert] is not null;
        }
    }

    private (ExpertSlot[] Slots, List<Task> Missing) Reserve(int[] items)
    {
        lock (_gate)
        {
            while (!HaveRoom(items))
            {
                Monitor.Wait(_gate);
            }

            _order.Step();
            ExpertSlot[] slots = new ExpertSlot[items.Length];
            List<Task> missing = [];

            // Those that are there are taken first, so that no newcomer sends them away.
            foreach (bool there in (bool[])[true, false])
            {
                for (int i = 0; i < items.Length; i++)
                {
                    if (slots[i] is null && (_slotOf[items[i]] is not null) == there)
                    {
                        slots[i] = _slotOf[items[i]] ?? Place(items[i], missing);
                        slots[i].Users++;
                        _order.Use(items[i]);
                    }
                }
            }

            _hits += items.Length - missing.Count;
            _misses += missing.Count;
            return (slots, missing);
        }
    }

    /// <summary>Whether those that are not there find slots that nobody uses.</summary>
    private bool HaveRoom(int[] items)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ExpertSlot[] there = [.. items.Select(i => _slotOf[i]).OfType<ExpertSlot>()];
        int free = Slots - _slots.Count(s => s.Users > 0) - there.Count(s => s.Users == 0);
        return items.Length - there.Length <= free;
    }

    private ExpertSlot Place(int item, List<Task> missing)
    {
        ExpertSlot slot;
        if (_slots.Count < Slots)
        {
            slot = new ExpertSlot(SlotBytes);
            _slots.Add(slot);
        }
        else
        {
            slot = _slots.Where(s => s.Users == 0).MinBy(s => s.Item < 0 ? double.NegativeInfinity : _order.KeyOf(s.Item))!;
            Empty(slot);
        }

        int layer = Array.FindLastIndex(_firstItem, first => first <= item);
        (slot.Item, _slotOf[item]) = (item, slot);
        slot.Load = new Task<LoadedExpert>(() => Read(layer, item - _firstItem[layer], slot.Memory));
        missing.Add(slot.Load);
        return slot;
    }

    private void Empty(ExpertSlot slot)
    {
        if (slot.Item >= 0)
        {
            _slotOf[slot.Item] = null;
        }

        slot.Item = -1;
    }

    private LoadedExpert Read(int layer, int expert, nint memory)
    {
        LoadedExpert loaded = _layers[layer].Read(expert, memory);
        Interlocked.Add(ref _bytesRead, loaded.BytesRead);
        return loaded;
    }
}
