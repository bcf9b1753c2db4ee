using System.Runtime.ExceptionServices;

namespace Switchyard.Kernels.Teams;

/// <summary>
/// The caller and <c>Threads − 1</c> background threads that run one job together. A member that finds no work watches
/// for about <see cref="SpinMicroseconds"/> µs, which lets the stages of one call follow each other in about a
/// microsecond, and then sleeps, so that it never competes with other threads of the process, libtorch's among them.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    private const int SpinMicroseconds = 20;
    private static readonly long s_spinTicks = SpinMicroseconds * System.Diagnostics.Stopwatch.Frequency / 1_000_000;

    private readonly Member[] _members;
    private readonly Lock _lock = new();
    private Action<int>? _job;
    private int _working;
    private Exception? _failure;
    private volatile bool _stopping;

    public ThreadTeam(int threads)
    {
        Threads = threads;
        _members = new Member[threads - 1];
        for (int i = 0; i < _members.Length; i++)
            _members[i] = new Member(this, i + 1);
    }

    /// <summary>Members, the caller among them.</summary>
    public int Threads { get; }

    /// <summary>Runs <paramref name="job"/> once on every member, with its index, and returns when all have returned. Not to be called from within a job.</summary>
    public void Run(Action<int> job)
    {
        if (Threads == 1)
        {
            job(0);
            return;
        }
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _job = job;
            _failure = null;
            Volatile.Write(ref _working, _members.Length);
            foreach (Member member in _members)
                member.Wake();
            Work(0);
            var spinner = default(SpinWait);
            while (Volatile.Read(ref _working) != 0)
                spinner.SpinOnce(sleep1Threshold: -1);
            _job = null;
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopping)
                return;
            _stopping = true;
            foreach (Member member in _members)
                member.Dispose();
        }
    }

    private void Work(int index)
    {
        try
        {
            _job!(index);
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
        }
    }

    /// <summary>A background thread. <c>_turn</c> counts jobs; whoever sleeps is counted in <c>_asleep</c>.</summary>
    private sealed class Member : IDisposable
    {
        private readonly ThreadTeam _team;
        private readonly int _index;
        private readonly Thread _thread;
        private readonly SemaphoreSlim _signal = new(0);
        private int _turn;
        private int _asleep;

        public Member(ThreadTeam team, int index)
        {
            _team = team;
            _index = index;
            _thread = new Thread(Loop, 512 * 1024) { IsBackground = true, Name = $"Switchyard kernels {index}" };
            _thread.Start();
        }

        public void Wake()
        {
            Interlocked.Increment(ref _turn);
            if (Interlocked.Exchange(ref _asleep, 0) != 0)
                _signal.Release();
        }

        public void Dispose()
        {
            Wake();
            _thread.Join();
            _signal.Dispose();
        }

        private void Loop()
        {
            int done = 0;
            while (true)
            {
                Await(done);
                done++;
                if (_team._stopping)
                    return;
                _team.Work(_index);
                Interlocked.Decrement(ref _team._working);
            }
        }

        private void Await(int done)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            while (Volatile.Read(ref _turn) == done)
            {
                Thread.SpinWait(8);
                if (System.Diagnostics.Stopwatch.GetTimestamp() - start < s_spinTicks)
                    continue;
                // Announce sleep, then look once more: a wake in between finds the announcement and signals.
                Interlocked.Exchange(ref _asleep, 1);
                if (Volatile.Read(ref _turn) == done || Interlocked.Exchange(ref _asleep, 0) == 0)
                    _signal.Wait();
                return;
            }
        }
    }
}
