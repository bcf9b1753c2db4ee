using System.Text.Json;

namespace Switchyard.Cli.Tests.Verbs;

/// <summary>With <c>--json -</c> standard output carries the result and nothing else.</summary>
public sealed class StandardOutputTests : IDisposable
{
    private readonly TinyRun _run = new();

    [Fact]
    public async Task Compare_eval_and_profile_write_json_and_nothing_else()
    {
        string run = _run.At("run");
        JsonElement compared = await JsonAsync(_run.Training("compare", run, "--rows", "linear,hash"));
        Assert.Equal("switchyard.compare/1", compared.GetProperty("schema").GetString());
        Assert.Equal(2, compared.GetProperty("rows").GetArrayLength());
        Assert.True(File.Exists(Path.Combine(run, "report.html")));

        string row = Path.Combine(run, "rows", "linear");
        JsonElement judged = await JsonAsync("eval", Path.Combine(row, "model"), "--text", _run.Text, "--threads", "1");
        JsonElement profiled = await JsonAsync("profile", row, "--text", _run.Text, "--output", _run.At("profile"), "--threads", "1");
        Assert.Equal(judged.GetProperty("loss").GetDouble(), profiled.GetProperty("loss").GetDouble(), 1e-6);
        Assert.Equal("switchyard.profile/1", profiled.GetProperty("schema").GetString());
    }

    public void Dispose() => _run.Dispose();

    private static async Task<JsonElement> JsonAsync(params string[] args)
    {
        CommandRun run = await CommandRun.OwnProcessAsync([.. args, "--json", "-"]);
        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));
        return JsonElement.Parse(run.Output);
    }
}
