using Switchyard.Experts.Caching;

namespace Switchyard.Tests.Experts.Caching;

public sealed class UseOrderTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(7)]
    [InlineData(1000)]
    public void The_order_is_that_of_uses_halved_by_age(double halfLife)
    {
        const int Items = 9;
        Random random = new(5);
        UseOrder order = new(Items, halfLife);
        List<int>[] uses = [.. Enumerable.Range(0, Items).Select(_ => new List<int>())];
        for (int now = 1; now <= 300; now++)
        {
            order.Step();
            int used = (int)(Items * random.NextDouble() * random.NextDouble());
            order.Use(used);
            uses[used].Add(now);
            double[] worths = [.. uses.Select(times => times.Sum(t => Math.Pow(2, (t - now) / halfLife)))];
            for (int a = 0; a < Items; a++)
            {
                for (int b = 0; b < Items; b++)
                {
                    Assert.False(worths[a] > worths[b] * (1 + 1e-9) && order.KeyOf(a) <= order.KeyOf(b), $"H = {halfLife}, t = {now}: {a} is worth {worths[a]}, {b} {worths[b]}");
                }
            }
        }
    }

    [Fact]
    public void The_longest_runs_keep_the_order()
    {
        UseOrder order = new(2, 64);
        for (int now = 0; now < 1_000_000; now++)
        {
            order.Step();
            order.Use(now % 4 == 3 ? 1 : 0);
        }

        Assert.True(order.KeyOf(0) > order.KeyOf(1));
        Assert.True(double.IsFinite(order.KeyOf(0)));
    }
}
