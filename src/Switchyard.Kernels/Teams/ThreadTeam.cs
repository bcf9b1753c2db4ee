using System.Runtime.ExceptionServices;

namespace Switchyard.Kernels.Teams;

/// <summary>
/// The caller and <c>Threads − 1</c> background threads that run one job together. Between jobs a member waits at its
/// <see cref="Doorbell"/>: awake for a few microseconds, then asleep, so that the stages of one call follow each other at
/// once and no member competes with other threads of the process, libtorch's among them.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
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

    /// <summary>Multiplications below which a queue stays with the caller.</summary>
    public long AloneBelow { get; init; }

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

    /// <summary>A background thread and the bell that calls it to each job.</summary>
    private sealed class Member : IDisposable
    {
        private readonly ThreadTeam _team;
        private readonly int _index;
        private readonly Thread _thread;
        private readonly Doorbell _bell = new();

        public Member(ThreadTeam team, int index)
        {
            _team = team;
            _index = index;
            _thread = new Thread(Loop, 512 * 1024) { IsBackground = true, Name = $"Switchyard kernels {index}" };
            _thread.Start();
        }

        public void Wake() => _bell.Ring();

        public void Dispose()
        {
            Wake();
            _thread.Join();
            _bell.Dispose();
        }

        private void Loop()
        {
            for (int answered = 0; ; answered++)
            {
                _bell.Await(answered);
                if (_team._stopping)
                    return;
                _team.Work(_index);
                Interlocked.Decrement(ref _team._working);
            }
        }
    }
}
