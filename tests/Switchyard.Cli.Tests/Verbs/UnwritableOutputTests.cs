namespace Switchyard.Cli.Tests.Verbs;

/// <summary>Folders that cannot be written, for one reason or another.</summary>
public sealed class UnwritableOutputTests : IDisposable
{
    private readonly TinyRun _run = new();

    public static TheoryData<string> Verbs => ["compare", "train", "profile", "reroute", "quantize", "prune", "upcycle", "characterize"];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void A_folder_below_a_file_exits_with_3_and_names_it(string verb) =>
        CommandRun.Of(Arguments(verb, _run.At("c.json/below"))).AssertFails(3, "c.json", "below");

    [Theory]
    [MemberData(nameof(Verbs))]
    public void A_folder_that_one_may_not_write_to_exits_with_3_and_names_it(string verb)
    {
        string folder = Path.Combine(Forbidden(), "below");
        CommandRun.Of(Arguments(verb, folder)).AssertFails(3, folder);
    }

    [Fact]
    public void A_json_file_that_cannot_be_written_is_told_in_a_line()
    {
        string trained = _run.Trained("trained");
        CommandRun.Of("eval", trained, "--json", _run.At("c.json/result.json"), "--threads", "1").AssertFails(3, "c.json");
    }

    [Theory]
    [InlineData("c.json/trace.parquet", "c.json")]
    [InlineData("none/trace.parquet", "there is no folder")]
    [InlineData("", "a folder is there")]
    public void A_trace_that_cannot_be_written_is_refused_before_the_work(string name, string says)
    {
        CommandRun.Of("profile", Model(), "--text", _run.Text, "--output", _run.At("out"), "--trace", _run.At(name)).AssertFails(3, "--trace", says);
        Assert.False(Directory.Exists(_run.At("out")));
    }

    [Fact]
    public void Tensors_that_cannot_be_written_are_refused_before_the_work() =>
        CommandRun.Of("forward", _run.At("no-model"), "--input", _run.At("no-input"), "--output", _run.At("none/out.safetensors")).AssertFails(3, "--output", "there is no folder");

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows() && Directory.Exists(_run.At("forbidden")))
        {
            File.SetUnixFileMode(_run.At("forbidden"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        _run.Dispose();
    }

    /// <summary>A folder without permission to write; root may write anywhere but where nothing can be made.</summary>
    private string Forbidden()
    {
        if (OperatingSystem.IsWindows())
        {
            return _run.Write("forbidden", string.Empty);
        }

        if (Environment.IsPrivilegedProcess && Directory.Exists("/proc"))
        {
            return "/proc/forbidden";
        }

        return Directory.CreateDirectory(_run.At("forbidden"), UnixFileMode.UserRead | UnixFileMode.UserExecute).FullName;
    }

    private string[] Arguments(string verb, string output) => verb switch
    {
        "compare" or "train" => _run.Training(verb, output),
        "profile" => ["profile", Model(), "--text", _run.Text, "--output", output, "--threads", "1"],
        "reroute" => ["reroute", Model(), "--text", _run.Text, "--router", "mlp", "--output", output, "--threads", "1"],
        "quantize" => ["quantize", Model(), "--output", output, "--threads", "1"],
        "upcycle" => ["upcycle", Model(), "--experts", "4", "--top-k", "2", "--output", output, "--threads", "1"],
        "characterize" => ["characterize", Model(), "--text", _run.Text, "--judge", _run.Text, "--routers", "linear", "--output", output, "--threads", "1"],
        _ => ["prune", Model(), "--keep", "3", "--text", _run.Text, "--output", output, "--threads", "1"],
    };

    private string Model()
    {
        string run = _run.At("trained");
        return Path.Combine(Directory.Exists(run) ? run : _run.Trained("trained"), "model");
    }
}
