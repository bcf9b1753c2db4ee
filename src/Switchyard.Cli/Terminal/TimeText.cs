namespace Switchyard.Cli.Terminal;

/// <summary>A span of time for people: <c>3:07</c>, <c>1:02:30</c>, or <c>…</c> where it is not known.</summary>
internal static class TimeText
{
    public static string Of(double seconds) => double.IsFinite(seconds) && seconds is >= 0 and < 1e7 ? Of(TimeSpan.FromSeconds(Math.Round(seconds))) : "…";

    private static string Of(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
}
