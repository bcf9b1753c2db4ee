using Switchyard.Cli.Terminal;
using Switchyard.Training.Comparisons;
using Switchyard.Training.Profiles;
using Switchyard.Training.Runs;

namespace Switchyard.Cli.Tests.Terminal;

public sealed class StatusLineTests : IDisposable
{
    private const string Wipe = "\r\u001b[2K";
    private readonly StringWriter _terminal = new();
    private readonly ManualTime _time = new();

    [Fact]
    public void The_first_line_is_written_and_the_next_when_a_tenth_of_a_second_has_passed()
    {
        using StatusLine line = new(_terminal, _time);
        line.Show(() => "one");
        line.Show(() => "two");
        _time.Pass(0.1);
        line.Show(() => "three");
        Assert.Equal($"{Wipe}one{Wipe}three", _terminal.ToString());
    }

    [Fact]
    public void A_line_that_must_be_seen_does_not_wait()
    {
        using StatusLine line = new(_terminal, _time);
        line.Show(() => "one");
        line.Show(() => "last", last: true);
        Assert.EndsWith($"{Wipe}last", _terminal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_wipes_the_line_once_and_nothing_comes_after_it()
    {
        StatusLine line = new(_terminal, _time);
        line.Show(() => "one");
        line.Dispose();
        line.Dispose();
        _time.Pass(1);
        line.Show(() => "two", last: true);
        Assert.Equal($"{Wipe}one{Wipe}", _terminal.ToString());
    }

    [Fact]
    public void Where_nothing_was_shown_nothing_is_wiped()
    {
        new StatusLine(_terminal, _time).Dispose();
        Assert.Empty(_terminal.ToString());
    }

    [Fact]
    public void Without_a_terminal_no_line_is_made()
    {
        using StatusLine line = new(null);
        line.Show(() => throw new InvalidOperationException("made"), last: true);
    }

    [Fact]
    public void A_comparison_shows_row_step_loss_speed_and_the_time_left()
    {
        using ComparisonDisplay display = new(new StatusLine(_terminal, _time), 10);
        display.Report(new ComparisonProgress(0, 2, 1, new TrainingProgress("linear", 1, 10, 5.5, 1234, "training")));
        _time.Pass(1);
        display.Report(new ComparisonProgress(1, 2, 1, new TrainingProgress("lpr", 5, 10, 4.25, 1234, "training")));
        string[] lines = _terminal.ToString().Split(Wipe);
        Assert.Contains("… left", lines[1], StringComparison.Ordinal);
        Assert.All((string[])["lpr (2/2)", "step 5/10", "loss 4.250", "tokens/s", "75", ":"], part => Assert.Contains(part, lines[2], StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_shows_its_phase_and_the_time_left_in_it()
    {
        using TrainingDisplay display = new(new StatusLine(_terminal, _time));
        display.Report(new TrainingProgress("lpr", 0, 4, double.NaN, 1234, "distilling"));
        display.Report(new TrainingProgress("lpr", 1, 4, 2, 1234, "training"));
        display.Report(new TrainingProgress("lpr", 4, 4, 1, 1234, "training"));
        string[] lines = _terminal.ToString().Split(Wipe);
        Assert.EndsWith("distilling", lines[1], StringComparison.Ordinal);
        Assert.Contains("loss 1.000", lines[2], StringComparison.Ordinal);
        Assert.Contains("0:00 left", lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(long.MaxValue, false)]
    [InlineData(1000, true)]
    public void Text_shows_tokens_and_with_a_limit_the_time_left(long most, bool left)
    {
        using TokenProgress progress = new(new StatusLine(_terminal, _time));
        progress.Report(new ProfileProgress(100, most));
        Assert.Contains("100 tokens", _terminal.ToString(), StringComparison.Ordinal);
        Assert.Equal(left, _terminal.ToString().Contains("left", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(7, "0:07")]
    [InlineData(187.4, "3:07")]
    [InlineData(3750, "1:02:30")]
    [InlineData(double.NaN, "…")]
    [InlineData(double.PositiveInfinity, "…")]
    [InlineData(1e30, "…")]
    public void Times_are_short_and_unknown_ones_are_dots(double seconds, string expected) => Assert.Equal(expected, TimeText.Of(seconds));

    public void Dispose() => _terminal.Dispose();

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 5;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _now;

        public void Pass(double seconds) => _now += (long)(seconds * 1000);
    }
}
