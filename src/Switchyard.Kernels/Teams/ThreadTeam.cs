using System.Runtime.ExceptionServices;

namespace Switchyard.Kernels.Teams;

/// <summary>
/// The caller and <c>Threads − 1</c> background threads that run one job together. Between jobs a member waits at its
/// <see cref="Doorbell"/>: awake for a short while, then asleep, so that calls that follow each other are answered at
/// once and no member competes for long with other threads of the process, libtorch's among them.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    /// <summary>In <see cref="_gate"/>: nobody may begin any more. Above it stands the number of the job, below it how many members are at work on it.</summary>
    private const long Closed = 1L << 31;

    private readonly Member[] _members;
    private readonly Lock _lock = new();
    private Action<int>? _job;
    private long _gate = Closed;
    private int _finished;
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
    public void Run(Action<int> job) => Run(job, everyone: true);

    /// <summary>Runs <paramref name="job"/> on the caller and on every member that is there before the caller has returned from it, each once, and returns when all of them have: for work that whoever is free takes. A member that wakes late finds the gate closed, and nobody has waited for it.</summary>
    public void Share(Action<int> job) => Run(job, everyone: false);

    private void Run(Action<int> job, bool everyone)
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
            _finished = 0;
            Interlocked.Exchange(ref _gate, (long)(NumberOf(_gate) + 1) << 32);
            foreach (Member member in _members)
                member.Wake();
            Work(0);
            var spinner = default(SpinWait);
            while (everyone && Volatile.Read(ref _finished) < _members.Length)
                spinner.SpinOnce(sleep1Threshold: -1);
            Interlocked.Or(ref _gate, Closed);
            while ((Volatile.Read(ref _gate) & (Closed - 1)) != 0)
                spinner.SpinOnce(sleep1Threshold: -1);
            _job = null;
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Whether a member may begin the job of a number.</summary>
    private bool Enter(int number)
    {
        while (true)
        {
            long gate = Volatile.Read(ref _gate);
            if (NumberOf(gate) != number || (gate & Closed) != 0)
                return false;
            if (Interlocked.CompareExchange(ref _gate, gate + 1, gate) == gate)
                return true;
        }
    }

    /// <summary>The number of the job that a gate stands for; like the rings of a bell it begins anew when it is through.</summary>
    private static int NumberOf(long gate) => (int)(gate >> 32);

    private void Leave()
    {
        Interlocked.Increment(ref _finished);
        Interlocked.Decrement(ref _gate);
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
            int answered = 0;
            while (true)
            {
                answered = _bell.Await(answered);
                if (_team._stopping)
                    return;
                // Every job rings once: the rings are its number.
                if (!_team.Enter(answered))
                    continue;
                _team.Work(_index);
                _team.Leave();
            }
        }
    }
}
