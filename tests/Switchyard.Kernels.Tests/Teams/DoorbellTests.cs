using System.Collections.Concurrent;
using Switchyard.Kernels.Teams;

namespace Switchyard.Kernels.Tests.Teams;

public sealed class DoorbellTests
{
    [Fact]
    public void A_signal_that_comes_after_its_ring_was_answered_is_not_taken_for_another_ring()
    {
        using var bell = new Doorbell();
        var answers = new ConcurrentQueue<int>();
        var waiter = new Thread(() =>
        {
            for (int answered = 0; answered < 2; answered++)
                answers.Enqueue(bell.Await(answered));
        });
        waiter.Start();
        Until(() => bell.Asleep);
        bell.Count();
        bell.Rouse();
        Until(() => answers.Count == 1 && bell.Asleep);
        bell.Rouse();
        Until(() => answers.Count == 2 || bell.Asleep);
        bell.Ring();
        waiter.Join();
        Assert.Equal([1, 2], answers);
    }

    [Fact]
    public void Rings_before_anyone_waits_are_answered_at_once()
    {
        using var bell = new Doorbell();
        bell.Ring();
        bell.Ring();
        Assert.Equal(2, bell.Await(0));
        Assert.Equal(2, bell.Await(1));
    }

    [Fact]
    public void Every_ring_ends_one_wait_whether_the_waiter_watches_or_sleeps()
    {
        const int Rings = 2000;
        using var bell = new Doorbell();
        int answered = 0;
        var waiter = new Thread(() =>
        {
            while (answered < Rings)
            {
                bell.Await(answered);
                Volatile.Write(ref answered, answered + 1);
            }
        });
        waiter.Start();
        for (int ring = 1; ring <= Rings; ring++)
        {
            int count = ring;
            if (ring % 2 == 0)
                Until(() => bell.Asleep);
            bell.Ring();
            Until(() => Volatile.Read(ref answered) == count);
        }
        waiter.Join();
        Assert.Equal(Rings, answered);
    }

    private static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)));
}
