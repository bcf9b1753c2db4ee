using System.Text.Json;
using Switchyard.Training.Optimization;

namespace Switchyard.Training.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    public static TheoryData<string> Files => Golden.Files("optim", "*schedule*.json");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_factor_is_the_reference_one(string file)
    {
        Assert.SkipWhen(file.Length == 0, "no reference schedules found");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden.Folder("optim")!, file)));
        int steps = json.RootElement.GetProperty("steps").GetInt32();
        int warmup = json.RootElement.GetProperty("warmup").GetInt32();

        foreach (JsonProperty schedule in json.RootElement.GetProperty("factor").EnumerateObject())
        {
            double[] expected = [.. schedule.Value.EnumerateArray().Select(e => e.GetDouble())];
            string last = schedule.Name.Split('-')[^1];
            LearningRateSchedule ours = new()
            {
                Kind = schedule.Name.StartsWith("wsd", StringComparison.Ordinal) ? ScheduleKind.WarmupStableDecay : ScheduleKind.Cosine,
                Steps = steps,
                WarmupSteps = warmup,
                DecaySteps = expected.Reverse().TakeWhile(f => f < 1).Count() + 1,
                Floor = double.TryParse(last, out double floor) ? floor : 0,
            };

            for (int s = 0; s < expected.Length; s++)
            {
                Assert.True(Math.Abs(expected[s] - ours.Factor(s)) < 1e-9, $"{schedule.Name} at step {s}: {ours.Factor(s)} instead of {expected[s]}");
            }
        }
    }

    [Fact]
    public void A_run_without_warm_up_starts_at_the_peak()
    {
        LearningRateSchedule schedule = new() { Steps = 10, DecaySteps = 5 };

        Assert.Equal(1, schedule.Factor(0));
        Assert.Equal(1, schedule.Factor(4));
        Assert.Equal(0.2, schedule.Factor(9), 12);
    }
}
