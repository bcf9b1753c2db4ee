using Switchyard.Models.Files;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>Training that gets lost.</summary>
public sealed class DivergenceTests : IDisposable
{
    private readonly TinyRun _run = new(steps: 2, checkpointEvery: 1);

    [Fact]
    public void Three_bad_steps_exit_with_4_and_say_what_may_help()
    {
        CommandRun.Of(_run.Training("train", _run.At("run"), "--learning-rate", "1e30", "--steps", "10")).AssertFails(4, "3 steps in a row", "a lower learning rate than 1E+30");

        Assert.False(File.Exists(_run.At("run/compare.json")));
        string[] checkpoints = Directory.GetDirectories(_run.At("run/checkpoints"));
        Assert.NotEmpty(checkpoints);
        Assert.All(checkpoints, AssertFinite);
    }

    /// <summary>The third step is sound and takes the weights out of this world; what is written after it must not push out what was written before.</summary>
    [Fact]
    public void The_last_good_checkpoint_stays_as_it_was()
    {
        string run = _run.Trained("run");
        string model = Path.Combine(run, "checkpoints", "step-2", "model.safetensors");
        byte[] good = File.ReadAllBytes(model);
        TinyRun.SetTraining(run, ("learningRate", 1e30), ("steps", 20));

        CommandRun.Of("train", "--resume", run, "--threads", "1").AssertFails(4, "not finite");

        Assert.Equal(good, File.ReadAllBytes(model));
        Assert.All(Directory.GetDirectories(Path.Combine(run, "checkpoints")), AssertFinite);
    }

    [Fact]
    public void Steps_that_were_skipped_at_the_end_are_told_and_the_good_checkpoints_stay()
    {
        CommandRun run = CommandRun.Of(_run.Training("train", _run.At("run"), "--learning-rate", "1e30", "--steps", "3"));

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Matches("linear skipped [12] of 3 steps", run.Output);
        Assert.All(Directory.GetDirectories(_run.At("run/checkpoints")), AssertFinite);
    }

    public void Dispose() => _run.Dispose();

    private static void AssertFinite(string checkpoint)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(checkpoint, "model.safetensors"));
        Assert.NotEmpty(file.Entries);
        foreach (string name in file.Entries.Keys)
        {
            using TorchSharp.torch.Tensor tensor = file.Load(name);
            Assert.True(tensor.isfinite().all().item<bool>(), $"{checkpoint}: {name}");
        }
    }
}
