namespace Switchyard.Kernels.Teams;

/// <summary>
/// Pieces of work in falling order of cost, taken one by one by whoever is free, so that no thread waits for a large
/// piece that was started last. Which thread takes a piece has no influence on its result.
/// </summary>
/// <typeparam name="T">A piece.</typeparam>
internal sealed class WorkQueue<T>
{
    private readonly List<(long Cost, int Order, T Item)> _items = [];
    private long _cost;
    private int _next;

    /// <summary>Adds a piece.</summary>
    /// <param name="item">The piece.</param>
    /// <param name="cost">Multiplications that it takes.</param>
    public void Add(T item, long cost)
    {
        _items.Add((cost, _items.Count, item));
        _cost += cost;
    }

    /// <summary>Puts the pieces in order; call once, before the first <see cref="TryTake"/>.</summary>
    public void Sort()
    {
        _items.Sort(static (left, right) => left.Cost != right.Cost ? right.Cost.CompareTo(left.Cost) : left.Order.CompareTo(right.Order));
        _next = 0;
    }

    /// <summary>Runs all pieces on a team, each with the member that took it, or alone where they are over before anyone wakes, and empties the queue.</summary>
    public void Drain(ThreadTeam team, Action<T, int> work)
    {
        Sort();
        if (_cost < team.AloneBelow)
            TakeAll(0);
        else
            team.Share(TakeAll);
        _items.Clear();
        _cost = 0;

        void TakeAll(int member)
        {
            while (TryTake(out T item))
                work(item, member);
        }
    }

    public bool TryTake(out T item)
    {
        int index = Interlocked.Increment(ref _next) - 1;
        if (index < _items.Count)
        {
            item = _items[index].Item;
            return true;
        }
        item = default!;
        return false;
    }
}
