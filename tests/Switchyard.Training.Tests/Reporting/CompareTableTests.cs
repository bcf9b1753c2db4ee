using Switchyard.Training.Reporting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Tests.Reporting;

public sealed class CompareTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(200)]
    public void Every_line_fits_and_the_first_columns_are_always_there(int width)
    {
        foreach (int seeds in new[] { 1, 3 })
        {
            string[] lines = Lines(CompareTable.Render(SampleResult.Make(seeds: seeds), width));
            Assert.All(lines, line => Assert.True(line.Length <= Math.Max(width, CompareTable.MinimumWidth), line));
            Assert.Contains("loss", lines[0], StringComparison.Ordinal);
            Assert.Equal(11 + 4, lines.Length);
        }
    }

    [Fact]
    public void More_width_shows_more_columns()
    {
        int[] columns = [.. new[] { 80, 120, 200 }.Select(w => Lines(CompareTable.Render(SampleResult.Make(), w))[2].Split("  ").Length)];
        Assert.True(columns[0] >= 6, string.Join(' ', columns));
        Assert.True(columns[0] < columns[1] && columns[1] < columns[2], string.Join(' ', columns));
    }

    [Fact]
    public void Numbers_stand_under_each_other_and_the_best_has_a_star()
    {
        string[] lines = Lines(CompareTable.Render(SampleResult.Make(), 80));
        int end = lines[0].IndexOf("loss", StringComparison.Ordinal) + "loss".Length;
        Assert.All(lines[3..14], line => Assert.Equal('.', line[end - 5]));
        string mlp = lines.Single(l => l.StartsWith("mlp ", StringComparison.Ordinal));
        Assert.Contains("1.6089*", mlp, StringComparison.Ordinal);
        Assert.Single(lines[3..14], l => l[end] == '*');
        Assert.StartsWith("* best", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_looks_ahead_or_lost_steps_says_so_and_wins_nothing()
    {
        CompareResult result = SampleResult.Make(rows: 3);
        CompareRow[] rows = [result.Rows[0] with { Name = "linear+expert-choice", TestLoss = 0.1, Gini = 0 }, result.Rows[1] with { Steps = 9, SkippedSteps = 2 }, result.Rows[2]];

        string[] lines = Lines(CompareTable.Render(result with { Rows = rows }, 60));

        Assert.DoesNotContain("0.1000*", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("linear+expert-choice chooses by looking at later tokens", lines[7], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.StartsWith($"{rows[1].Name} skipped 2 of 9 steps", StringComparison.Ordinal));
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 60));
        Assert.Contains("chooses by looking at later tokens", CompareReport.Render(result with { Rows = rows }), StringComparison.Ordinal);
    }

    [Fact]
    public void Deviations_follow_their_figures()
    {
        CompareResult result = SampleResult.Make(seeds: 3, rows: 2);
        CompareRow row = result.Rows[0] with { TestLoss = 1.5, Deviation = new Dictionary<string, double> { ["testLoss"] = 0.00251 } };
        Assert.Contains("1.5000 ± 0.0025", CompareTable.Render(result with { Rows = [row, result.Rows[1]] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Ascii_means_ascii()
    {
        string text = CompareTable.Render(SampleResult.Make(seeds: 3), 400, unicode: false);
        Assert.All(text, c => Assert.True(char.IsAscii(c), $"{c}"));
        string[] lines = Lines(text);
        Assert.All(lines[3..14], line => Assert.True(line.Length <= lines[2].Length + 1));
    }

    [Fact]
    public void Names_cannot_drive_the_terminal()
    {
        CompareResult result = SampleResult.Make(rows: 2);
        CompareResult hostile = result with { Rows = [result.Rows[0] with { Name = "a\u001b[31m\r\nb\u202e" + new string('x', 100) }, result.Rows[1]] };
        string text = CompareTable.Render(hostile, 80);
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotContain('\r', text);
        Assert.DoesNotContain('\u202e', text);
        Assert.Contains("a?[31m??b?x", text, StringComparison.Ordinal);
        Assert.All(Lines(text), line => Assert.True(line.Length <= 80));
    }

    [Fact]
    public void What_is_not_finite_is_a_dash_and_never_the_best()
    {
        CompareResult result = SampleResult.Make(rows: 3);
        CompareResult broken = result with { Rows = [result.Rows[0] with { TestLoss = double.NaN, Gini = double.NegativeInfinity }, result.Rows[1], result.Rows[2]] };
        string row = Lines(CompareTable.Render(broken, 200)).Single(l => l.StartsWith("linear ", StringComparison.Ordinal));
        Assert.Contains("–", row, StringComparison.Ordinal);
        Assert.DoesNotContain("–*", row, StringComparison.Ordinal);
    }

    private static string[] Lines(string text) => text.TrimEnd('\n').Split('\n');
}
