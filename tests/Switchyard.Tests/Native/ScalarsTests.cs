using Switchyard.Native;
using TorchSharp;

namespace Switchyard.Tests.Native;

public sealed class ScalarsTests
{
    [Fact]
    public void Held_numbers_are_what_they_were_after_a_collection()
    {
        Scalar[] whole = [.. Enumerable.Range(0, Scalars.Depth / 2).Select(i => Scalars.Held((long)i))];
        Scalar[] broken = [.. Enumerable.Range(0, Scalars.Depth / 2).Select(i => Scalars.Held(i + 0.25))];
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Equal(Enumerable.Range(0, whole.Length).Select(i => (long)i), whole.Select(s => s.ToInt64()));
        Assert.Equal(Enumerable.Range(0, broken.Length).Select(i => i + 0.25), broken.Select(s => s.ToDouble()));
    }

    /// <summary>A thousand numbers a thread, each read by an operation at once, with the collector at work beside them.</summary>
    [Fact]
    public void Operations_read_the_number_that_they_were_given()
    {
        bool ended = false;
        Thread collector = new(() =>
        {
            while (!Volatile.Read(ref ended))
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            using torch.Tensor one = torch.ones(1, torch.float64);
            for (int i = 0; i < 1000; i++)
            {
                using torch.Tensor product = one * Scalars.Held(i);
                Assert.Equal(i, product.item<double>());
            }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            collector.Join();
        }
    }
}
