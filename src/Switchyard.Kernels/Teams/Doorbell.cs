using System.Diagnostics;

namespace Switchyard.Kernels.Teams;

/// <summary>
/// One thread waits for the next ring of another. It watches for a while, so that a ring is answered in about a
/// microsecond, and then sleeps: for twice as long as it waited last time, where that was no longer than
/// <see cref="MostMicroseconds"/> µs, else for <see cref="LeastMicroseconds"/>.
/// </summary>
/// <remarks>
/// Only the count of rings says that there was one. The signal merely ends a sleep, and may come late: a ringer that was
/// stopped between <see cref="Count"/> and <see cref="Rouse"/> rouses a waiter that has long answered and sleeps again.
/// </remarks>
internal sealed class Doorbell : IDisposable
{
    private const int LeastMicroseconds = 20, MostMicroseconds = 200;
    private static readonly long s_least = LeastMicroseconds * Stopwatch.Frequency / 1_000_000, s_most = MostMicroseconds * Stopwatch.Frequency / 1_000_000;

    private readonly SemaphoreSlim _signal = new(0);
    private int _rings;
    private int _asleep;
    private long _watch = s_least;

    /// <summary>Whether the waiter has announced its sleep and nobody has roused it since.</summary>
    public bool Asleep => Volatile.Read(ref _asleep) != 0;

    public void Ring()
    {
        Count();
        Rouse();
    }

    /// <summary>The first half of <see cref="Ring"/>: whoever is awake sees it.</summary>
    public void Count() => Interlocked.Increment(ref _rings);

    /// <summary>The second half of <see cref="Ring"/>: whoever has announced sleep is signalled.</summary>
    public void Rouse()
    {
        if (Interlocked.Exchange(ref _asleep, 0) != 0)
            _signal.Release();
    }

    /// <summary>Waits until there were more rings than those <paramref name="answered"/>, and returns how many there were.</summary>
    public int Await(int answered)
    {
        long start = Stopwatch.GetTimestamp();
        int rings;
        while ((rings = Volatile.Read(ref _rings)) == answered)
        {
            Thread.SpinWait(8);
            if (Stopwatch.GetTimestamp() - start >= _watch)
                Sleep(answered);
        }
        long waited = Stopwatch.GetTimestamp() - start;
        _watch = waited > s_most ? s_least : Math.Clamp(2 * waited, s_least, s_most);
        return rings;
    }

    public void Dispose() => _signal.Dispose();

    // Announces sleep, then looks once more: a ring in between finds the announcement, and signals. Whoever takes the
    // announcement back decides: the ringer owes a signal, which must be taken, or there is none to come.
    private void Sleep(int answered)
    {
        Interlocked.Exchange(ref _asleep, 1);
        if (Volatile.Read(ref _rings) == answered || Interlocked.Exchange(ref _asleep, 0) == 0)
            _signal.Wait();
    }
}
