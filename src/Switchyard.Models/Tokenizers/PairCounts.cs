using System.Runtime.InteropServices;

namespace Switchyard.Models.Tokenizers;

/// <summary>How often each pair of neighbouring tokens occurs in words; a merge changes only the words that have it.</summary>
internal sealed class PairCounts
{
    private readonly (int[] Ids, long Count)[] _words;
    private readonly int[] _lengths;
    private readonly Dictionary<(int Left, int Right), long> _counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _places = [];

    /// <summary>Entries may be out of date; one is good if its count is the present one.</summary>
    private readonly PriorityQueue<(int Left, int Right), (long Count, int Left, int Right)> _heap = new(Comparer<(long Count, int Left, int Right)>.Create(
        (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : (a.Left, a.Right).CompareTo((b.Left, b.Right))));

    public PairCounts((int[] Ids, long Count)[] words)
    {
        _words = words;
        _lengths = [.. words.Select(w => w.Ids.Length)];
        for (int w = 0; w < words.Length; w++)
        {
            for (int i = 0; i + 1 < _lengths[w]; i++)
            {
                Change((words[w].Ids[i], words[w].Ids[i + 1]), words[w].Count, w);
            }
        }

        foreach ((var pair, long count) in _counts)
        {
            _heap.Enqueue(pair, (count, pair.Left, pair.Right));
        }
    }

    /// <summary>The pair that occurs most often, at least twice; of equals that of the smaller ids. Null where there is none.</summary>
    public (int Left, int Right)? MostFrequent()
    {
        while (_heap.TryPeek(out var pair, out var at))
        {
            if (_counts.GetValueOrDefault(pair) == at.Count)
            {
                return at.Count >= 2 ? pair : null;
            }

            _heap.Dequeue();
        }

        return null;
    }

    /// <summary>Leaves a pair out from now on.</summary>
    public void Forget((int Left, int Right) pair) => _counts.Remove(pair);

    /// <summary>Replaces a pair by a token in every word.</summary>
    public void Merge((int Left, int Right) pair, int token)
    {
        HashSet<(int Left, int Right)> changed = [];
        _places.Remove(pair, out HashSet<int>? places);
        foreach (int w in places ?? [])
        {
            (int[] ids, long count) = _words[w];
            int length = _lengths[w];
            int to = 0;
            for (int from = 0; from < length; from++)
            {
                if (from + 1 < length && ids[from] == pair.Left && ids[from + 1] == pair.Right)
                {
                    if (to > 0)
                    {
                        Move((ids[to - 1], pair.Left), (ids[to - 1], token));
                    }

                    if (from + 2 < length)
                    {
                        Move((pair.Right, ids[from + 2]), (token, ids[from + 2]));
                    }

                    ids[to++] = token;
                    from++;
                }
                else
                {
                    ids[to++] = ids[from];
                }
            }

            _lengths[w] = to;

            void Move((int, int) old, (int, int) fresh)
            {
                Change(old, -count, w);
                Change(fresh, count, w);
                changed.Add(old);
                changed.Add(fresh);
            }
        }

        _counts.Remove(pair);
        foreach (var other in changed)
        {
            if (_counts.TryGetValue(other, out long count) && count > 0)
            {
                _heap.Enqueue(other, (count, other.Left, other.Right));
            }
        }
    }

    private void Change((int Left, int Right) pair, long by, int word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += by;
        if (by > 0)
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _) ??= []).Add(word);
        }
    }
}
