using Switchyard.Kernels.Teams;

namespace Switchyard.Kernels.Tests.Teams;

public sealed class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_member_runs_each_job_once(int threads)
    {
        using var team = new ThreadTeam(threads);
        int[] runs = new int[threads];
        for (int job = 0; job < 1000; job++)
            team.Run(member => runs[member]++);
        Assert.All(runs, n => Assert.Equal(1000, n));
    }

    [Fact]
    public void A_shared_job_is_begun_at_most_once_by_each_member_and_over_when_the_call_returns()
    {
        using var team = new ThreadTeam(3);
        for (int job = 0; job < 5000; job++)
        {
            int[] runs = new int[3];
            int inside = 0;
            team.Share(member =>
            {
                Interlocked.Increment(ref inside);
                runs[member]++;
                Interlocked.Decrement(ref inside);
            });
            Assert.Equal(0, Volatile.Read(ref inside));
            Assert.Equal(1, runs[0]);
            Assert.All(runs, n => Assert.InRange(n, 0, 1));
        }
    }

    [Fact]
    public void A_failure_in_a_shared_job_reaches_the_caller()
    {
        using var team = new ThreadTeam(2);
        Assert.Equal("caller", Assert.Throws<InvalidOperationException>(() => team.Share(_ => throw new InvalidOperationException("caller"))).Message);
        int count = 0;
        team.Share(_ => Interlocked.Increment(ref count));
        Assert.InRange(count, 1, 2);
    }

    [Fact]
    public void The_caller_is_member_zero()
    {
        using var team = new ThreadTeam(3);
        int[] ids = new int[3];
        team.Run(member => ids[member] = Environment.CurrentManagedThreadId);
        Assert.Equal(Environment.CurrentManagedThreadId, ids[0]);
        Assert.Equal(3, ids.Distinct().Count());
    }

    [Fact]
    public void A_failure_in_a_member_reaches_the_caller_and_the_team_goes_on()
    {
        using var team = new ThreadTeam(2);
        var failure = Assert.Throws<InvalidOperationException>(() => team.Run(member =>
        {
            if (member == 1)
                throw new InvalidOperationException("member 1");
        }));
        Assert.Equal("member 1", failure.Message);
        int count = 0;
        team.Run(_ => Interlocked.Increment(ref count));
        Assert.Equal(2, count);
    }

    [Fact]
    public void A_queue_that_is_over_before_anyone_wakes_stays_with_the_caller()
    {
        using var team = new ThreadTeam(3) { AloneBelow = 100 };
        var queue = new WorkQueue<int>();
        for (int i = 0; i < 99; i++)
            queue.Add(i, 1);
        var taken = new List<int>();
        queue.Drain(team, (item, member) => taken.Add((member * 1000) + item));
        Assert.Equal(Enumerable.Range(0, 99), taken);
    }

    [Fact]
    public void A_queue_that_is_longer_is_the_teams()
    {
        using var team = new ThreadTeam(2) { AloneBelow = 100 };
        var queue = new WorkQueue<int>();
        queue.Add(0, 50);
        queue.Add(1, 50);
        // Neither piece ends before the other has begun.
        using var both = new Barrier(2);
        int members = 0;
        queue.Drain(team, (_, member) =>
        {
            both.SignalAndWait(TestContext.Current.CancellationToken);
            Interlocked.Add(ref members, 1 << member);
        });
        Assert.Equal(3, members);
    }

    [Fact]
    public void A_queue_hands_out_every_piece_once_and_the_largest_first()
    {
        var queue = new WorkQueue<int>();
        for (int i = 0; i < 100; i++)
            queue.Add(i, i % 10);
        queue.Sort();
        var taken = new List<int>();
        while (queue.TryTake(out int item))
            taken.Add(item);
        Assert.Equal(Enumerable.Range(0, 100).OrderByDescending(i => i % 10).ThenBy(i => i), taken);
    }
}
