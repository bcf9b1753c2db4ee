using System.Diagnostics;
using Switchyard.Peers.Results;

namespace Switchyard.Peers.Layers;

/// <summary>Times competitors in turn, so that a machine that slows down slows them all; each has a stretch of time, and the threads of the one before are asleep when it begins.</summary>
internal static class LayerTiming
{
    private const double Long = 20; // milliseconds of a call that what lies in the caches means nothing to
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);

    /// <summary>Runs one of ours until the runtime has compiled its best code for it; once is enough for all token counts.</summary>
    /// <param name="competitor">Prepared.</param>
    public static void Warm(Competitor competitor)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < WarmUp)
        {
            competitor.Run(0);
        }
    }

    /// <summary>Median milliseconds of a call of each.</summary>
    /// <param name="competitors">Prepared.</param>
    /// <param name="inputs">Batches that they were given.</param>
    /// <param name="rounds">Stretches of each.</param>
    /// <param name="stretch">Time of a stretch; a call that began is ended.</param>
    public static double[] Medians(IReadOnlyList<Competitor> competitors, int inputs, int rounds, TimeSpan stretch)
    {
        List<double>[] times = [.. competitors.Select(_ => new List<double>())];
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < competitors.Count; i++)
            {
                // Forwards and backwards, so that nobody always follows the same neighbour.
                int which = round % 2 == 0 ? i : competitors.Count - 1 - i;
                Thread.Sleep(Pause);
                Stretch(competitors[which], inputs, stretch, times[which]);
            }
        }

        return [.. times.Select(Median.Of)];
    }

    private static void Stretch(Competitor competitor, int inputs, TimeSpan stretch, List<double> times)
    {
        if (times.Count == 0 || times[^1] < Long)
        {
            for (int i = 0; i < Math.Min(inputs, 4); i++)
            {
                competitor.Run(i);
            }
        }

        long start = Stopwatch.GetTimestamp();
        int input = inputs - 1;
        do
        {
            input = (input + 1) % inputs;
            long before = Stopwatch.GetTimestamp();
            competitor.Run(input);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        while (Stopwatch.GetElapsedTime(start) < stretch);
    }
}
